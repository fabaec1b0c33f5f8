// How fast a cursor walks a block of 128-byte frames: every version checked, every tag read.
import { frameCursor } from '@hyphae/tlv'
import type { Candidate } from '../harness.ts'

const BLOCK_BYTES = 64 * 1024 * 1024
const FRAME_BYTES = 128

/** 64 MB: far beyond the caches, as a log segment is. One piece of work is one frame. */
export function frameWalk(): { readonly frames: number; readonly candidate: Candidate } {
  const block = new Uint8Array(BLOCK_BYTES)
  for (let at = 0; at < block.length; at += FRAME_BYTES) {
    block[at] = 1
    for (let i = 2; i < 16; i++) block[at + i] = (at / FRAME_BYTES) * 13 + i * 7
  }
  const cursor = frameCursor(block, FRAME_BYTES)

  function walk(): number {
    let sum = 0
    cursor.reset()
    while (cursor.next()) {
      sum = (sum + (cursor.tagHead() ^ cursor.tagWord(0) ^ cursor.tagWord(1) ^ cursor.tagWord(2))) | 0
    }
    return sum
  }

  return {
    frames: cursor.count,
    candidate: {
      name: 'hyphae frame cursor',
      batch(n) {
        let sum = 0
        for (let i = 0; i < n; i++) sum = (sum + walk()) | 0
        return sum
      },
    },
  }
}
