/**
 * Records inside records without a schema: for tools that show an encoding (spec/frames.md, "Nesting").
 *
 * Which types hold records is the caller's knowledge; depth and total count are bounded here.
 */
import { TlvError } from './errors.js'
import { MAX_DEPTH, MAX_RECORDS } from './limits.js'
import { recordCursor, type TlvRecord } from './record.js'
import { viewOf } from './view.js'

export interface TlvNode extends TlvRecord {
  /** Present when the value was read as records. */
  readonly children?: readonly TlvNode[]
}

export interface ReadTreeOptions {
  /** Types whose values are records. */
  readonly nested: ReadonlySet<number>
  /** Default MAX_DEPTH. */
  readonly maxDepth?: number
  /** Of all levels together. Default MAX_RECORDS. */
  readonly maxRecords?: number
}

/** @throws TlvError as readRecords, and `tlv/too-deep` */
export function readTree(input: Uint8Array, options: ReadTreeOptions): TlvNode[] {
  const { nested, maxDepth = MAX_DEPTH, maxRecords = MAX_RECORDS } = options
  let left = maxRecords

  function level(bytes: Uint8Array, depth: number): TlvNode[] {
    if (depth > maxDepth) throw new TlvError('tlv/too-deep', { details: { limit: maxDepth } })
    const nodes: TlvNode[] = []
    const cursor = recordCursor(bytes)
    while (cursor.next()) {
      if (left-- === 0) throw new TlvError('tlv/too-many-records', { details: { limit: maxRecords } })
      const { type } = cursor
      const value = viewOf(bytes, cursor.start, cursor.end)
      nodes.push(nested.has(type) ? { type, value, children: level(value, depth + 1) } : { type, value })
    }
    return nodes
  }

  return level(input, 1)
}
