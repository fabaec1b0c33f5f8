/**
 * What a box key signs over a link (spec/link-mailbox.md, section 4), and the tag that stands for a box there. Both are
 * bound to the runs of reader and sender: nothing said in one acquaintance counts in another.
 */
import { type BoxId, concatBytes, utf8 } from '@hyphae/core'
import { TAG_BYTES } from './message.js'

/** The two ends of a way: who reads the box, who puts to it. */
export interface Way {
  readonly reader: Uint8Array
  readonly sender: Uint8Array
}

export type Sha256 = (data: Uint8Array) => Uint8Array

const TAG: Uint8Array = utf8('hyphae link tag 1')
const SERVE: Uint8Array = utf8('hyphae link serve 1')
const TAKEN: Uint8Array = utf8('hyphae link taken 1')

/** Names the box to those who know it, and to nobody else. */
export function boxTag(sha256: Sha256, { reader, sender }: Way, box: BoxId): Uint8Array {
  return sha256(concatBytes(TAG, reader, sender, box)).slice(0, TAG_BYTES)
}

export function serveStatement({ reader, sender }: Way, box: BoxId): Uint8Array {
  return concatBytes(SERVE, reader, sender, box)
}

/** `ids` are those of frames whose reader has them for good. */
export function takenStatement({ reader, sender }: Way, box: BoxId, ids: readonly Uint8Array[]): Uint8Array {
  return concatBytes(TAKEN, reader, sender, box, ...ids)
}
