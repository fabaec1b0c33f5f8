/**
 * How a client finds the frames of its own boxes among those of a bucket. spec/relay.md section 3.3.
 *
 * Differs with each frame, so that it tells a reader who does not know the box nothing, not even that two frames
 * are for one box.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { HINT_BYTES } from './bucket-replies.js'
import { wireWriter, writeU64 } from './bytes.js'

const LABEL = utf8('hyphae bucket hint v1')

export function bucketHint(
  box: Uint8Array,
  cursor: number,
  sha256: (data: Uint8Array) => Uint8Array,
): Uint8Array {
  const writer = wireWriter(8)
  writeU64(writer, cursor)
  return sha256(concatBytes(LABEL, writer.bytes, box)).subarray(0, HINT_BYTES)
}
