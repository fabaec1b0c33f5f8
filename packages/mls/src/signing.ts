/**
 * A device's signature key in the suite of its group: Ed25519 in most, ECDSA in suites 2 and 7. Knows no group.
 */
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { MlsError } from './errors.js'
import type { SyncSuite } from './sync-suite.js'

/** Made by `generateSigningKey` or `importSigningKey`; its bytes stay inside. */
export interface EcdsaPrivateKey {
  readonly kind: 'p256' | 'p384'
  /** Uncompressed point, 65 or 97 bytes. */
  readonly publicKey: Uint8Array
}

export type SigningKey = Ed25519PrivateKey | EcdsaPrivateKey

const scalars = new WeakMap<EcdsaPrivateKey, Uint8Array>()

/** A key of the suite from its bytes: an Ed25519 seed or an ECDSA scalar. @throws MlsError `mls/bad-argument` */
export function signingKeyFrom(crypto: CryptoProvider, sync: SyncSuite, bytes: Uint8Array): SigningKey {
  if (sync.signatureKind === 'ed25519') return crypto.ed25519.importSeed(bytes)
  const key: EcdsaPrivateKey = Object.freeze({
    kind: sync.signatureKind,
    publicKey: sync.signingPublicOf(bytes),
  })
  scalars.set(key, bytes.slice())
  return key
}

/** The bytes of a key, for signing with it in this suite. @throws MlsError `mls/bad-argument` for another suite's */
export function signingBytes(crypto: CryptoProvider, sync: SyncSuite, key: SigningKey): Uint8Array {
  const { kind } = key
  if (kind !== sync.signatureKind)
    throw new MlsError('mls/bad-argument', { details: { key: kind, suite: sync.name } })
  if (kind === 'ed25519') return crypto.ed25519.exportSeed(key)
  const scalar = scalars.get(key)
  if (scalar === undefined) throw new MlsError('mls/bad-argument', { details: { key: kind } })
  return scalar.slice()
}
