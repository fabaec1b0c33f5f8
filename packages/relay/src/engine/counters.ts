/** Next position and counters of what is stored: one small record, written with every batch. */
import type { RelayLimits } from '../limits.js'
import type { FrameCounts } from './engine.js'

export interface Counters {
  /** Position the next stored frame or blob takes; never 0. */
  nextSeq: number
  frames: { -readonly [K in keyof FrameCounts]: number }
  records: number
  items: number
  blobs: number
  bytes: number
  /** Entries of what is due: ids, uses, terms and logs have one each. UNCOUNTED in a store that did not count them. */
  rows: number
}

export const UNCOUNTED = -1

/** What an id or a use takes on the disk with its keys and the entry that says when it is due, in bytes. */
const ROW_BYTES = 128

/** Stores that did not count rows have one field less. */
const FIELDS = 10
/** 3: frames due together share an entry. 2: expiry by the time something is due, where 1 had the time it came. */
const META_VERSION = 3
const READABLE_VERSIONS: readonly (number | undefined)[] = [1, 2, 3]

export function emptyCounters(): Counters {
  return {
    nextSeq: 1,
    frames: { 128: 0, 512: 0, 2048: 0, 4096: 0 },
    records: 0,
    items: 0,
    blobs: 0,
    bytes: 0,
    rows: 0,
  }
}

export function copyCounters(counters: Counters): Counters {
  return { ...counters, frames: { ...counters.frames } }
}

function fields(c: Counters): number[] {
  const { frames } = c
  return [
    c.nextSeq,
    frames[128],
    frames[512],
    frames[2048],
    frames[4096],
    c.records,
    c.items,
    c.blobs,
    c.bytes,
    ...(c.rows === UNCOUNTED ? [] : [c.rows]),
  ]
}

export function encodeCounters(counters: Counters): Uint8Array {
  const values = fields(counters)
  const bytes = Buffer.alloc(1 + 8 * values.length)
  bytes[0] = META_VERSION
  values.forEach((value, i) => {
    bytes.writeDoubleLE(value, 1 + 8 * i)
  })
  return bytes
}

/** Undefined when the record is not one of this version. */
export function decodeCounters(bytes: Uint8Array): Counters | undefined {
  const count = (bytes.length - 1) / 8
  if ((count !== FIELDS && count !== FIELDS - 1) || !READABLE_VERSIONS.includes(bytes[0])) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = (i: number): number => view.getFloat64(1 + 8 * i, true)
  for (let i = 0; i < count; i++) if (!Number.isSafeInteger(at(i)) || at(i) < 0) return undefined
  const frames = { 128: at(1), 512: at(2), 2048: at(3), 4096: at(4) }
  const rows = count === FIELDS ? at(9) : UNCOUNTED
  return { nextSeq: at(0), frames, records: at(5), items: at(6), blobs: at(7), bytes: at(8), rows }
}

/** False: so many bytes more would be beyond what the relay may store, with what it has to remember of all. */
export function hasRoom({ bytes, rows }: Counters, more: number, { storedBytes }: RelayLimits): boolean {
  return bytes + rows * ROW_BYTES + more <= storedBytes
}
