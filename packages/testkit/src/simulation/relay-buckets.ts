/** Buckets of a simulated relay: all boxes whose ids begin alike. */
import type { BucketFrame, BucketPart, BucketPrefix } from '@hyphae/core'
import type { LoggedFrame, RelayBoxes } from './relay-boxes.js'

/** A stand-in for the relay's hash: enough of the box to tell it by. What the reports look at does not have it. */
export const HINT_BYTES = 8

/** The first `bits` bits of a box id. */
export function prefixOf(box: Uint8Array, bits: number): number {
  const head = new DataView(box.buffer, box.byteOffset, 4).getUint32(0)
  return bits === 0 ? 0 : head >>> (32 - bits)
}

export function boxesWithMail(boxes: RelayBoxes): number {
  let withMail = 0
  for (const box of boxes.all()) if (box.waiting() > 0) withMail += 1
  return withMail
}

/** As spec/relay.md section 3.3 has it: one bit less than what leaves so many in a bucket. */
export function bitsFor(count: number, inBucket: number): number {
  const most = Math.floor(Math.log2(Math.max(1, count / inBucket)))
  return Math.max(0, most - 1)
}

export function bucketPart(
  log: readonly LoggedFrame[],
  { bits, prefix }: BucketPrefix,
  after: number,
  limit: number,
): BucketPart {
  const frames: BucketFrame[] = []
  // Cursors are places in the log, from 1.
  let next = after
  while (next < log.length && frames.length < limit) {
    const { cursor, box, frame } = log[next] as LoggedFrame
    next += 1
    if (prefixOf(box, bits) === prefix) frames.push({ cursor, hint: box.slice(0, HINT_BYTES), frame })
  }
  return { more: next < log.length, next, frames }
}
