/** ChaCha20 keystream, RFC 8439 section 2.4 from block 0, with one block or less by the shorter way. */
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, NONCE_LENGTH } from '../limits.js'
import { CHACHA_BLOCK_BYTES, chachaBlock } from './chacha-block.js'
import { plainKeystream } from './plain-keystream.js'

export function nobleKeystream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  if (chachaBlock === null || length > CHACHA_BLOCK_BYTES) return plainKeystream(key, nonce, length)
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, CHACHA_BLOCK_BYTES, 'keystream')
  return chachaBlock(key, nonce, length)
}
