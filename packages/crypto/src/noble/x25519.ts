/** X25519 over @noble/curves, RFC 7748. */
import { x25519 } from '@noble/curves/ed25519.js'
import { OpaqueKey, secretOf } from '../keys.js'
import { requireLength } from '../lengths.js'
import { KEY_LENGTH } from '../limits.js'
import type { X25519, X25519PrivateKey } from '../provider.js'
import type { Rng } from '../random.js'
import { requireDhPublicKey } from '../x25519-public.js'

function derivePublicKey(key: OpaqueKey): Uint8Array {
  return x25519.getPublicKey(OpaqueKey.secret(key))
}

export function nobleX25519(rng: Rng): X25519 {
  const fromBytes = (bytes: Uint8Array): X25519PrivateKey => new OpaqueKey('x25519', bytes, derivePublicKey)
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
      return x25519.getSharedSecret(secret, publicKey)
    },
  }
}
