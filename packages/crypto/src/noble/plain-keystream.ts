/** ChaCha20 keystream over @noble/ciphers, RFC 8439 section 2.4 from block 0: the encryption of zeros. */
import { chacha20 } from '@noble/ciphers/chacha.js'
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, MAX_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'

export function plainKeystream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, MAX_KEYSTREAM_BYTES, 'keystream')
  return chacha20(key, nonce, new Uint8Array(length))
}
