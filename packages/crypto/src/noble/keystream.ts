/** ChaCha20 keystream, RFC 8439 section 2.4 from block 0, with a few blocks by the shorter way. */
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, NOBLE_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'
import { chachaBlocks } from './chacha-blocks.js'
import { plainKeystream } from './plain-keystream.js'

export function nobleKeystream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  if (chachaBlocks === null || length > NOBLE_KEYSTREAM_BYTES) return plainKeystream(key, nonce, length)
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, NOBLE_KEYSTREAM_BYTES, 'keystream')
  return chachaBlocks(key, nonce, length)
}
