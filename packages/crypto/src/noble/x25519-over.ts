/** X25519 as the interface describes it, over any instance of noble's Montgomery curve (RFC 7748). */
import { OpaqueKey, secretOf } from '../keys.js'
import { requireLength } from '../lengths.js'
import { KEY_LENGTH } from '../limits.js'
import type { X25519, X25519PrivateKey } from '../provider.js'
import type { Rng } from '../random.js'
import { requireDhPublicKey } from '../x25519-public.js'

export interface X25519Library {
  getPublicKey(secret: Uint8Array): Uint8Array
  getSharedSecret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
}

export function x25519Over(library: X25519Library, rng: Rng): X25519 {
  const derive = (key: OpaqueKey): Uint8Array => library.getPublicKey(OpaqueKey.secret(key))
  const fromBytes = (bytes: Uint8Array): X25519PrivateKey => new OpaqueKey('x25519', bytes, derive)
  return {
    generate: () => fromBytes(rng(KEY_LENGTH)),
    importPrivateKey(bytes) {
      requireLength(bytes, KEY_LENGTH, 'X25519 private key')
      return fromBytes(Uint8Array.from(bytes))
    },
    exportPrivateKey: (key) => Uint8Array.from(secretOf(key, 'x25519')),
    dh(key, publicKey) {
      const secret = secretOf(key, 'x25519')
      requireDhPublicKey(publicKey)
      return library.getSharedSecret(secret, publicKey)
    },
  }
}
