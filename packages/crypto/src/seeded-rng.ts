/** A deterministic generator for tests and simulations: whoever knows the seed knows every key. */
import { chacha20 } from '@noble/ciphers/chacha.js'
import { requireAtMost, requireLength } from './lengths.js'
import { KEY_LENGTH, MAX_KEYSTREAM_BYTES, NONCE_LENGTH } from './limits.js'
import type { Rng } from './random.js'

/**
 * ChaCha20 keystream under the 32-byte seed; call i takes its bytes from nonce i. Never for real keys.
 * @throws CryptoError `crypto/bad-length`
 */
export function unsafeSeededRng(seed: Uint8Array): Rng {
  requireLength(seed, KEY_LENGTH, 'seed')
  const key = Uint8Array.from(seed)
  const nonce = new Uint8Array(NONCE_LENGTH)
  const counter = new DataView(nonce.buffer)
  let calls = 0
  return (length) => {
    requireAtMost(length, MAX_KEYSTREAM_BYTES, 'random length')
    counter.setUint32(0, calls++, true)
    return chacha20(key, nonce, new Uint8Array(length))
  }
}
