/**
 * Curve25519 keys into node:crypto by JSON web key, RFC 8037: parsing PKCS#8 costs fourteen times as much for
 * a private key, SPKI seventeen times for a public one. Handles of private keys are cached in the key object.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type KeyKind, OpaqueKey } from '../keys.js'
import { fromBase64Url, toBase64Url } from './bytes.js'

const CURVES: Readonly<Record<KeyKind, string>> = { ed25519: 'Ed25519', x25519: 'X25519' }

/** `x` is required by the format and ignored: the public key is computed from `d`. */
export function importPrivate(kind: KeyKind): (secret: Uint8Array) => KeyObject {
  return (secret) =>
    createPrivateKey({ key: { kty: 'OKP', crv: CURVES[kind], d: toBase64Url(secret), x: '' }, format: 'jwk' })
}

export function importPublic(kind: KeyKind, publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: CURVES[kind], x: toBase64Url(publicKey) }, format: 'jwk' })
}

export function derivePublicKey(key: OpaqueKey): Uint8Array {
  const handle = OpaqueKey.native(key, importPrivate(key.kind))
  // Through the public handle: exporting the private one would put the secret into a string.
  const { x } = createPublicKey(handle).export({ format: 'jwk' })
  return fromBase64Url(x as string)
}
