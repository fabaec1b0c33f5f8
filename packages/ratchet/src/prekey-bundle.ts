/**
 * The prekey bundle: what a device publishes so that others can begin a session while it is away
 * (spec/session.md, "Prekey bundle").
 *
 *   version u8 | suite u8 | flags u8 | 0 | TLV records | signature 64
 *   signature = Ed25519-Sign(signing, label ‖ every byte before it)
 *
 * One signature covers ids, flags and keys together, so nothing in it can be swapped, dropped or used as
 * something else. Type 6 is reserved for a KEM prekey: it is critical, so whoever does not know it refuses.
 */
import { type Brand, concatBytes, equalBytes, isHyphaeError } from '@hyphae/core'
import { type CryptoProvider, type Ed25519PrivateKey, SIGNATURE_LENGTH } from '@hyphae/crypto'
import { defineSchema, encodeFields, type FieldValues, readFields } from '@hyphae/tlv'
import { byteReader, byteWriter } from './bytes.js'
import { checkX25519, type DevicePublicKeys, verifyAgreementKey } from './device-keys.js'
import { RatchetError } from './errors.js'
import { BUNDLE_LABEL } from './labels.js'
import { MAX_BUNDLE_BYTES } from './limits.js'

export const BUNDLE_VERSION = 1
/** X25519, HKDF-SHA256, ChaCha20-Poly1305. Suites with a KEM come after it. */
export const SUITE_CLASSIC = 1

const HEADER_BYTES = 4
const FLAG_LAST_RESORT = 1
const SIGNED_PREKEY_BYTES = 4 + 6 + 32
const ONE_TIME_PREKEY_BYTES = 4 + 32

const schema = defineSchema([
  { type: 1, name: 'signing', size: 32 },
  { type: 2, name: 'agreement', size: 32 },
  { type: 3, name: 'agreementSignature', size: 64 },
  { type: 4, name: 'signedPrekey', size: SIGNED_PREKEY_BYTES },
  { type: 5, name: 'oneTimePrekey', size: ONE_TIME_PREKEY_BYTES, required: false },
])

export interface SignedPrekeyPublic {
  readonly id: number
  /** Milliseconds, by its owner's clock. */
  readonly createdAt: number
  readonly publicKey: Uint8Array
}

export interface OneTimePrekeyPublic {
  readonly id: number
  readonly publicKey: Uint8Array
}

export interface BundleContent {
  readonly identity: DevicePublicKeys
  readonly signedPrekey: SignedPrekeyPublic
  /** Null in a last-resort bundle. */
  readonly oneTimePrekey: OneTimePrekeyPublic | null
}

/** A well-formed bundle of which nothing is proved yet. */
export interface UnverifiedPrekeyBundle extends BundleContent {
  readonly kind: 'unverified-prekey-bundle'
  /** The whole bundle. */
  readonly encoded: Uint8Array
}

interface VerifiedContent extends BundleContent {
  readonly kind: 'prekey-bundle'
  /** SHA-256 of the whole bundle. */
  readonly hash: Uint8Array
}

/** A bundle whose signatures and keys were checked: only verifyPrekeyBundle makes one. */
export type PrekeyBundle = Brand<VerifiedContent, 'PrekeyBundle'>

/** Signs and encodes. Ids are given out by the caller, once each. */
export function encodePrekeyBundle(
  crypto: CryptoProvider,
  signing: Ed25519PrivateKey,
  content: BundleContent,
): Uint8Array {
  const { identity, signedPrekey, oneTimePrekey } = content
  const header = [BUNDLE_VERSION, SUITE_CLASSIC, oneTimePrekey === null ? FLAG_LAST_RESORT : 0, 0]
  const records = encodeFields(schema, {
    ...identity,
    signedPrekey: byteWriter(SIGNED_PREKEY_BYTES)
      .u32(signedPrekey.id)
      .time(signedPrekey.createdAt)
      .bytes(signedPrekey.publicKey)
      .done(),
    ...(oneTimePrekey === null ? {} : { oneTimePrekey: encodeOneTime(oneTimePrekey) }),
  })
  const signed = concatBytes(Uint8Array.from(header), records)
  return concatBytes(signed, crypto.ed25519.sign(signing, concatBytes(BUNDLE_LABEL, signed)))
}

/** @throws RatchetError `ratchet/bad-bundle`, `ratchet/unsupported-version` */
export function decodePrekeyBundle(bytes: Uint8Array): UnverifiedPrekeyBundle {
  const { length } = bytes
  if (length < HEADER_BYTES + SIGNATURE_LENGTH || length > MAX_BUNDLE_BYTES) {
    throw new RatchetError('ratchet/bad-bundle', { details: { length, max: MAX_BUNDLE_BYTES } })
  }
  const encoded = Uint8Array.from(bytes)
  const lastResort = readHeader(encoded)
  const values = readRecords(encoded.subarray(HEADER_BYTES, length - SIGNATURE_LENGTH))
  if (lastResort !== (values.oneTimePrekey === undefined)) {
    throw new RatchetError('ratchet/bad-bundle', { details: { lastResort } })
  }
  const { signing, agreement, agreementSignature } = values
  return {
    kind: 'unverified-prekey-bundle',
    encoded,
    identity: { signing, agreement, agreementSignature },
    signedPrekey: decodeSignedPrekey(values.signedPrekey),
    oneTimePrekey: values.oneTimePrekey === undefined ? null : decodeOneTime(values.oneTimePrekey),
  }
}

/**
 * Checks everything a session relies on: whose bundle it is, both signatures, and every X25519 key.
 * @throws RatchetError `ratchet/wrong-identity`, `ratchet/bad-signature`, `ratchet/bad-key`
 */
export function verifyPrekeyBundle(
  crypto: CryptoProvider,
  unverified: UnverifiedPrekeyBundle,
  expectedSigning: Uint8Array,
): PrekeyBundle {
  const { encoded, identity, signedPrekey, oneTimePrekey } = unverified
  if (!equalBytes(identity.signing, expectedSigning)) throw new RatchetError('ratchet/wrong-identity')
  const end = encoded.length - SIGNATURE_LENGTH
  const signed = concatBytes(BUNDLE_LABEL, encoded.subarray(0, end))
  if (!crypto.ed25519.verify(expectedSigning, signed, encoded.subarray(end))) {
    throw new RatchetError('ratchet/bad-signature', { details: { slot: 'bundle' } })
  }
  if (!verifyAgreementKey(crypto, identity)) {
    throw new RatchetError('ratchet/bad-signature', { details: { slot: 'agreement' } })
  }
  checkX25519(identity.agreement, 'agreement')
  checkX25519(signedPrekey.publicKey, 'signed prekey')
  if (oneTimePrekey !== null) checkX25519(oneTimePrekey.publicKey, 'one-time prekey')
  const content: VerifiedContent = {
    kind: 'prekey-bundle',
    identity,
    signedPrekey,
    oneTimePrekey,
    hash: crypto.sha256(encoded),
  }
  return content as PrekeyBundle
}

/** Returns the last-resort flag. */
function readHeader(encoded: Uint8Array): boolean {
  const [version = 0, suite = 0, flags = 0, reserved = 0] = encoded
  if (version !== BUNDLE_VERSION || suite !== SUITE_CLASSIC) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version, suite } })
  }
  if (flags > FLAG_LAST_RESORT || reserved !== 0) {
    throw new RatchetError('ratchet/bad-bundle', { details: { flags, reserved } })
  }
  return flags === FLAG_LAST_RESORT
}

function readRecords(records: Uint8Array): FieldValues<typeof schema.fields> {
  try {
    return readFields(records, schema).values
  } catch (cause) {
    if (isHyphaeError(cause)) throw new RatchetError('ratchet/bad-bundle', { cause })
    throw cause
  }
}

/** Id 0 means "none" in a handshake, so no prekey has it. */
function checkId(id: number): number {
  if (id === 0) throw new RatchetError('ratchet/bad-bundle', { details: { id } })
  return id
}

function decodeSignedPrekey(value: Uint8Array): SignedPrekeyPublic {
  const reader = byteReader(value, 'ratchet/bad-bundle')
  return { id: checkId(reader.u32()), createdAt: reader.time(), publicKey: reader.bytes(32) }
}

function encodeOneTime(prekey: OneTimePrekeyPublic): Uint8Array {
  return byteWriter(ONE_TIME_PREKEY_BYTES).u32(prekey.id).bytes(prekey.publicKey).done()
}

function decodeOneTime(value: Uint8Array): OneTimePrekeyPublic {
  const reader = byteReader(value, 'ratchet/bad-bundle')
  return { id: checkId(reader.u32()), publicKey: reader.bytes(32) }
}
