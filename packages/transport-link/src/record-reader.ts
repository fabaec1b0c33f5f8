/**
 * Records out of a stream of bytes: `length u16 little-endian | bytes`. Holds at most one unfinished record, and refuses
 * a length before it keeps a byte of it.
 */
import { LinkError } from './errors.js'

const PREFIX_BYTES = 2
const NOTHING = new Uint8Array()

export interface RecordReader {
  /** Every record that is whole now. Views into `bytes` where they can be: use them before the next call. */
  push(bytes: Uint8Array, limit: () => number, take: (record: Uint8Array) => void): void
  /** True while a record has begun and not ended. */
  readonly partial: boolean
}

/** `limit` is asked before each record: what may come changes with the record before. @throws LinkError `link/broken` */
export function createRecordReader(): RecordReader {
  let rest: Uint8Array = NOTHING
  return {
    get partial() {
      return rest.length > 0
    },
    push: (bytes, limit, take) => {
      const all = rest.length === 0 ? bytes : joined(rest, bytes)
      let at = 0
      while (all.length - at >= PREFIX_BYTES) {
        const length = (all[at] as number) | ((all[at + 1] as number) << 8)
        if (length === 0 || length > limit()) throw new LinkError('link/broken')
        const end = at + PREFIX_BYTES + length
        if (end > all.length) break
        take(all.subarray(at + PREFIX_BYTES, end))
        at = end
      }
      rest = at === all.length ? NOTHING : all.slice(at)
    },
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}

/** A record as it travels. */
export function prefixed(record: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX_BYTES + record.length)
  bytes[0] = record.length & 0xff
  bytes[1] = record.length >> 8
  bytes.set(record, PREFIX_BYTES)
  return bytes
}
