/** Limits of this package, each with its reason. */

/** Curve25519 keys, seeds, SHA-256 digests and ChaCha20 keys are all 32 bytes. */
export const KEY_LENGTH = 32

/** RFC 8032: an encoded point R, then the number S. */
export const SIGNATURE_LENGTH = 64

/** Tag of every AEAD here. */
export const AEAD_TAG_LENGTH = 16

/** Nonce of ChaCha20 (RFC 8439) and AES-GCM. */
export const NONCE_LENGTH = 12

/** RFC 5869 section 2.3: HKDF-SHA256 expands to at most 255 blocks of 32 bytes. */
export const MAX_HKDF_LENGTH: number = 255 * 32

/** The most that `getRandomValues` fills in one call; one system call then serves 2,048 keys. */
export const RANDOM_POOL_BYTES = 65_536

/** Longer requests bypass the pool: copying them out of it would cost more than asking the system. */
export const MAX_POOLED_BYTES = 4_096

/** No protocol here needs more randomness at once; a wild length is a bug, refused before allocation. */
export const MAX_RANDOM_BYTES = 16_777_216

/** How much of an output is compared with the one before: less repeats by chance, and says nothing of the generator. */
export const REPETITION_CHECK_BYTES = 16

/** One ChaCha20 call yields at most this: frames need one block, the largest test stream a megabyte. */
export const MAX_KEYSTREAM_BYTES = 16_777_216

/** Memory of one scrypt call, 128·N·r bytes: parameters may come from a stored header, so they are bounded. */
export const MAX_SCRYPT_MEMORY = 536_870_912

/** Lanes multiply time, not strength; stores use 1. */
export const MAX_SCRYPT_P = 16

/** scrypt output is a key, or a few of them. */
export const MAX_SCRYPT_LENGTH = 1_024

/** Nonce of XChaCha20: long enough to be drawn at random. */
export const XCHACHA_NONCE_LENGTH = 24

/** Up to here noble's ChaCha20 is faster than the set-up of a native cipher: spec/crypto.md. */
export const NOBLE_KEYSTREAM_BYTES = 256

/** Imported public keys of a curve that a provider remembers: a handshake has four, and comparing eight costs little. */
export const RECENT_PUBLIC_KEYS = 8

/** Up to here libsodium's ChaCha20-Poly1305 seals faster than a native cipher is set up and works: spec/crypto.md. */
export const SODIUM_SEAL_BYTES = 2_048
/** The same for opening, where the native one copies less. */
export const SODIUM_OPEN_BYTES = 1_536

/** Longer associated data is rare and goes to the native cipher: the most here is that of a sealed frame, 120 bytes. */
export const SODIUM_ASSOCIATED_BYTES = 512

/** Up to here libsodium's HMAC-SHA256 is faster than the set-up of a native one: spec/crypto.md. */
export const SODIUM_HMAC_BYTES = 192
/** One block of the hash. A longer key would be hashed first, and no protocol here has one. */
export const SODIUM_HMAC_KEY_BYTES = 64

/** Loading libsodium costs as much as thousands of messages: who seals a few never pays it. */
export const CALLS_BEFORE_LOADING = 256
