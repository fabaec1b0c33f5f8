/** Limits of identity, each with its reason; spec/identity.md lists them for other implementations. */

/** What one directory record may carry as its body (spec/directory.md). */
export const MAX_SEALED_BYTES = 8192

/** Sealed things grow in steps of this, so that a size tells a carrier little about what is inside. */
export const SEAL_STEP_BYTES = 512

/** Nonce 24, length field 2 and authentication tag 16 around what is sealed. */
export const SEAL_OVERHEAD_BYTES = 42

/** Largest thing that can be sealed: an identity record or a stock item has to fit one directory body. */
export const MAX_SEALABLE_BYTES: number = MAX_SEALED_BYTES - SEAL_OVERHEAD_BYTES

/** An encoded identity record. */
export const MAX_RECORD_BYTES: number = MAX_SEALABLE_BYTES

/** A certificate is 314 bytes today; the rest is room for fields to come, and keeps 20 of them in a record. */
export const MAX_CERTIFICATE_BYTES = 360

/** 20 certificates at 319 bytes leave 1.7 KB of a record for relays, handles and bindings. */
export const MAX_DEVICES = 20

/** More relays than this are never tried; each is looked up by every contact. */
export const MAX_RELAYS = 8

/** A URL that has to travel in every record. */
export const MAX_RELAY_BYTES = 254

/** Names one account answers to. */
export const MAX_HANDLES = 8

/** RFC 5321 section 4.5.3.1.3 allows a path of 256 with its brackets. */
export const MAX_HANDLE_BYTES = 254

/** UTF-8 bytes of a handle that fit beside the marker in a 32-byte id. */
export const MAX_EMBEDDED_HANDLE_BYTES = 31

/** Foreign keys tied to an account: one for each curve or chain in use. */
export const MAX_BINDINGS = 8

/** A binding's kind: a short word like `nostr` or `evm`. */
export const MAX_BINDING_KIND_BYTES = 32

/** A foreign address or key in its usual text form. */
export const MAX_BINDING_VALUE_BYTES = 254

/** A contract wallet's signature (ERC-6492) carries its deployment; longer ones do not fit a record. */
export const MAX_BINDING_SIGNATURE_BYTES = 2048

/** A prekey bundle as spec/session.md bounds it; one with ML-KEM-768 takes 1,441, so a record holds those of 4 devices. */
export const MAX_BUNDLE_BYTES = 4096

/** Candidates looked at for one handle: a resolver that offers more is flooding. */
export const MAX_CANDIDATES = 16

/** Iterations of the safety number: 2^12.3 more work for who searches a key pair with the same digits. */
export const SAFETY_NUMBER_ITERATIONS = 5200

export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
