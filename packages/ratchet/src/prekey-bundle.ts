/**
 * The prekey bundle: what a device publishes so that others can begin a session while it is away
 * (spec/session.md, "Prekey bundle").
 *
 *   version u8 | suite u8 | flags u8 | 0 | TLV records | signature 64
 *   signature = Ed25519-Sign(signing, label ‖ every byte before it)
 *
 * One signature covers ids, flags and keys together, so nothing in it can be swapped, dropped or used as
 * something else. Suite 2 adds a KEM prekey; its coefficients are checked by whoever encapsulates to it.
 */
import { type Brand, concatBytes, equalBytes } from '@hyphae/core'
import { type Ed25519PrivateKey, type SessionCrypto, SIGNATURE_LENGTH } from '@hyphae/crypto'
import type { KemName } from '@hyphae/crypto/kem'
import { encodeBundleRecords, readBundleRecords } from './bundle-records.js'
import { byteReader, byteWriter } from './bytes.js'
import { checkX25519, type DevicePublicKeys, verifyAgreementKey } from './device-keys.js'
import { RatchetError } from './errors.js'
import { BUNDLE_LABEL } from './labels.js'
import { MAX_BUNDLE_BYTES } from './limits.js'

export const BUNDLE_VERSION = 1
/** X25519, HKDF-SHA256, ChaCha20-Poly1305. */
export const SUITE_CLASSIC = 1
/** The same with ML-KEM in the handshake and in a post-quantum ratchet. */
export const SUITE_POST_QUANTUM = 2

const HEADER_BYTES = 4
const FLAG_LAST_RESORT = 1
const KEM_FLAG_LAST_RESORT = 1
/** KEMs by the number that names them in a bundle, with the length of their public keys. */
const KEMS: readonly { readonly id: number; readonly name: KemName; readonly publicKeyBytes: number }[] = [
  { id: 1, name: 'ml-kem-768', publicKeyBytes: 1184 },
  { id: 2, name: 'ml-kem-1024', publicKeyBytes: 1568 },
]

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

/** It has the id of the prekey that it is used together with: the one-time prekey, or the signed one. */
export interface KemPrekeyPublic {
  readonly kem: KemName
  readonly id: number
  readonly publicKey: Uint8Array
}

export interface BundleContent {
  readonly identity: DevicePublicKeys
  readonly signedPrekey: SignedPrekeyPublic
  /** Null in a last-resort bundle. */
  readonly oneTimePrekey: OneTimePrekeyPublic | null
  /** Null in suite 1. One-time when there is a one-time prekey, else last-resort. */
  readonly kemPrekey: KemPrekeyPublic | null
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
  crypto: SessionCrypto,
  signing: Ed25519PrivateKey,
  content: BundleContent,
): Uint8Array {
  const { identity, signedPrekey, oneTimePrekey, kemPrekey } = content
  const suite = kemPrekey === null ? SUITE_CLASSIC : SUITE_POST_QUANTUM
  const header = [BUNDLE_VERSION, suite, oneTimePrekey === null ? FLAG_LAST_RESORT : 0, 0]
  const records = encodeBundleRecords({
    ...identity,
    signedPrekey: byteWriter()
      .u32(signedPrekey.id)
      .time(signedPrekey.createdAt)
      .bytes(signedPrekey.publicKey)
      .done(),
    oneTimePrekey: oneTimePrekey === null ? null : encodeOneTime(oneTimePrekey),
    kemPrekey: kemPrekey === null ? null : encodeKem(kemPrekey, oneTimePrekey === null),
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
  const { suite, lastResort } = readHeader(encoded)
  const values = readBundleRecords(encoded.subarray(HEADER_BYTES, length - SIGNATURE_LENGTH))
  if (lastResort !== (values.oneTimePrekey === null)) {
    throw new RatchetError('ratchet/bad-bundle', { details: { lastResort } })
  }
  if ((suite === SUITE_POST_QUANTUM) !== (values.kemPrekey !== null)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { suite } })
  }
  const { signing, agreement, agreementSignature } = values
  const signedPrekey = decodeSignedPrekey(values.signedPrekey)
  const oneTimePrekey = values.oneTimePrekey === null ? null : decodeOneTime(values.oneTimePrekey)
  const kemId = oneTimePrekey?.id ?? signedPrekey.id
  return {
    kind: 'unverified-prekey-bundle',
    encoded,
    identity: { signing, agreement, agreementSignature },
    signedPrekey,
    oneTimePrekey,
    kemPrekey: values.kemPrekey === null ? null : decodeKem(values.kemPrekey, kemId, lastResort),
  }
}

/**
 * Checks everything a session relies on: whose bundle it is, both signatures, and every X25519 key.
 * @throws RatchetError `ratchet/wrong-identity`, `ratchet/bad-signature`, `ratchet/bad-key`
 */
export function verifyPrekeyBundle(
  crypto: SessionCrypto,
  unverified: UnverifiedPrekeyBundle,
  expectedSigning: Uint8Array,
): PrekeyBundle {
  const { encoded, identity, signedPrekey, oneTimePrekey, kemPrekey } = unverified
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
    kemPrekey,
    hash: crypto.sha256(encoded),
  }
  return content as PrekeyBundle
}

function readHeader(encoded: Uint8Array): { suite: number; lastResort: boolean } {
  const [version = 0, suite = 0, flags = 0, reserved = 0] = encoded
  if (version !== BUNDLE_VERSION || (suite !== SUITE_CLASSIC && suite !== SUITE_POST_QUANTUM)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version, suite } })
  }
  if (flags > FLAG_LAST_RESORT || reserved !== 0) {
    throw new RatchetError('ratchet/bad-bundle', { details: { flags, reserved } })
  }
  return { suite, lastResort: flags === FLAG_LAST_RESORT }
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
  return byteWriter().u32(prekey.id).bytes(prekey.publicKey).done()
}

function decodeOneTime(value: Uint8Array): OneTimePrekeyPublic {
  const reader = byteReader(value, 'ratchet/bad-bundle')
  return { id: checkId(reader.u32()), publicKey: reader.bytes(32) }
}

function encodeKem(prekey: KemPrekeyPublic, lastResort: boolean): Uint8Array {
  const kem = KEMS.find((one) => one.name === prekey.kem)
  if (kem === undefined) throw new RatchetError('ratchet/bad-argument', { details: { name: 'kem' } })
  return byteWriter()
    .u8(kem.id)
    .u8(lastResort ? KEM_FLAG_LAST_RESORT : 0)
    .u32(prekey.id)
    .bytes(prekey.publicKey)
    .done()
}

/** `id` is that of the prekey beside it, and the flag must say the same as the bundle's. */
function decodeKem(value: Uint8Array, id: number, lastResort: boolean): KemPrekeyPublic {
  const reader = byteReader(value, 'ratchet/bad-bundle')
  const number = reader.u8()
  const kem = KEMS.find((one) => one.id === number)
  if (kem === undefined) throw new RatchetError('ratchet/unsupported-version', { details: { kem: number } })
  const flags = reader.u8()
  if (flags !== (lastResort ? KEM_FLAG_LAST_RESORT : 0) || reader.u32() !== id) {
    throw new RatchetError('ratchet/bad-bundle', { details: { flags, id } })
  }
  const publicKey = reader.bytes(kem.publicKeyBytes)
  reader.end()
  return { kem: kem.name, id, publicKey }
}
