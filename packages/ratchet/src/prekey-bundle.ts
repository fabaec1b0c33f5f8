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
import {
  encodeBundleRecords,
  type KemRecord,
  type OneTimePrekeyPublic,
  readBundleRecords,
  type SignedPrekeyPublic,
} from './bundle-records.js'
import { checkX25519, type DevicePublicKeys, verifyAgreementKey } from './device-keys.js'
import { RatchetError } from './errors.js'
import { BUNDLE_LABEL } from './labels.js'
import { MAX_BUNDLE_BYTES } from './limits.js'
import { KEM_NAMES } from './stored-keys.js'
import { readSuite, SUITE_CLASSIC, SUITE_POST_QUANTUM, WIRE_VERSION } from './suite.js'

export type { OneTimePrekeyPublic, SignedPrekeyPublic } from './bundle-records.js'

const HEADER_BYTES = 4
const FLAG_LAST_RESORT = 1
/** Lengths of KEM public keys, by the number of the KEM. */
const KEM_KEY_BYTES: readonly number[] = [0, 1184, 1568]

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
  const flags = oneTimePrekey === null ? FLAG_LAST_RESORT : 0
  const kem = kemPrekey && { ...kemPrekey, kem: KEM_NAMES.indexOf(kemPrekey.kem), flags }
  const records = encodeBundleRecords({ ...identity, signedPrekey, oneTimePrekey, kemPrekey: kem })
  const signed = concatBytes(Uint8Array.of(WIRE_VERSION, suite, flags, 0), records)
  return concatBytes(signed, crypto.ed25519.sign(signing, concatBytes(BUNDLE_LABEL, signed)))
}

/** @throws RatchetError `ratchet/bad-bundle`, `ratchet/unsupported-version` */
export function decodePrekeyBundle(bytes: Uint8Array): UnverifiedPrekeyBundle {
  const { length } = bytes
  if (length < HEADER_BYTES + SIGNATURE_LENGTH || length > MAX_BUNDLE_BYTES) {
    throw new RatchetError('ratchet/bad-bundle', { details: { length, max: MAX_BUNDLE_BYTES } })
  }
  const encoded = Uint8Array.from(bytes)
  const postQuantum = readSuite(encoded)
  const [, , flags = 0, reserved] = encoded
  const { signedPrekey, oneTimePrekey, kemPrekey, ...identity } = readBundleRecords(
    encoded.subarray(HEADER_BYTES, length - SIGNATURE_LENGTH),
  )
  if (reserved !== 0 || flags !== (oneTimePrekey === null ? FLAG_LAST_RESORT : 0)) {
    throw new RatchetError('ratchet/bad-bundle', { details: { flags } })
  }
  if (postQuantum !== (kemPrekey !== null)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { postQuantum } })
  }
  const { id } = oneTimePrekey ?? signedPrekey
  return {
    kind: 'unverified-prekey-bundle',
    encoded,
    identity,
    signedPrekey,
    oneTimePrekey,
    kemPrekey: kemPrekey && readKem(kemPrekey, id, flags),
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
  const { encoded, ...content } = unverified
  const { identity, signedPrekey, oneTimePrekey } = content
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
  const verified: VerifiedContent = { ...content, kind: 'prekey-bundle', hash: crypto.sha256(encoded) }
  return verified as PrekeyBundle
}

/** `id` is that of the prekey beside it, and its flags must say the same as the bundle's. */
function readKem(
  { kem, flags, id, publicKey }: KemRecord,
  beside: number,
  expected: number,
): KemPrekeyPublic {
  const name = KEM_NAMES[kem] ?? null
  if (name === null) throw new RatchetError('ratchet/unsupported-version', { details: { kem } })
  if (id !== beside || flags !== expected || publicKey.length !== KEM_KEY_BYTES[kem]) {
    throw new RatchetError('ratchet/bad-bundle', { details: { flags, id, length: publicKey.length } })
  }
  return { kem: name, id, publicKey }
}
