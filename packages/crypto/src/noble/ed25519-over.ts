/** Ed25519 as the interface describes it, over either noble library (RFC 8032). */
import { OpaqueKey, secretOf } from '../keys.js'
import { requireLength } from '../lengths.js'
import { KEY_LENGTH } from '../limits.js'
import type { Ed25519, Ed25519PrivateKey } from '../provider.js'
import type { Rng } from '../random.js'

/** What a library computes; the seed is 32 bytes. */
export interface Ed25519Library {
  getPublicKey(seed: Uint8Array): Uint8Array
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array
  verify: Ed25519['verify']
}

export function ed25519Over(library: Ed25519Library, rng: Rng): Ed25519 {
  const derive = (key: OpaqueKey): Uint8Array => library.getPublicKey(OpaqueKey.secret(key))
  const fromSeed = (seed: Uint8Array): Ed25519PrivateKey => new OpaqueKey('ed25519', seed, derive)
  return {
    generate: () => fromSeed(rng(KEY_LENGTH)),
    importSeed(seed) {
      requireLength(seed, KEY_LENGTH, 'Ed25519 seed')
      return fromSeed(Uint8Array.from(seed))
    },
    exportSeed: (key) => Uint8Array.from(secretOf(key, 'ed25519')),
    sign: (key, message) => library.sign(message, secretOf(key, 'ed25519')),
    verify: library.verify,
  }
}
