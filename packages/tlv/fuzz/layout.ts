/** Fuzz target: any bytes as structures of one layout, one behind the other. What is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { defineLayout, type LayoutCursor, layoutCursor } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

export const LAYOUT = defineLayout({
  id: 0x4c59,
  fields: { sequence: 'u64', key: 32, short: 5, time: 'u64', flag: 1 },
  maxTail: 600,
})
const { sequence, key, short, time, flag } = LAYOUT.fields

function copy(from: LayoutCursor, to: LayoutCursor): void {
  to.begin(from.offset, from.tailLength)
  for (const field of [sequence, time]) to.setU64(field, from.low(field), from.high(field))
  for (const field of [key, short, flag]) to.setBytes(field, from.bytes(field))
  to.setTail(from.tail())
}

export const target: FuzzTarget = {
  name: 'layout',
  run(input) {
    // Aligned, as a reader's buffer must be.
    const reader = layoutCursor(LAYOUT, Uint8Array.from(input))
    const out = new Uint8Array(input.length).fill(0xa5)
    const writer = layoutCursor(LAYOUT, out)
    while (reader.next()) copy(reader, writer)
    if (!equalBytes(out, input)) throw new Error('accepted a second encoding')
  },
}
