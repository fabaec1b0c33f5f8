/** The rows of one segment by name: the newest of each, until they are carried into LevelDB. */
import type { Write } from '../database.js'
import { type RowName, rowName } from '../keys.js'
import { keyEnd, RECORD_HEADER_BYTES, ROW, ROW_HEADER_BYTES, rowEnd, rowType, rowWrite } from './record.js'
import type { Segment } from './segment.js'

export interface Table {
  readonly segment: Segment
  /** Where the row of a key begins in the segment's image. */
  readonly rows: Map<RowName, number>
  /** Where rows begin that nobody looks for by their key. */
  readonly loose: number[]
}

export function createTable(segment: Segment): Table {
  return { segment, rows: new Map(), loose: [] }
}

/** A copy; undefined when the key was deleted. Asked only for rows that are there. */
export function valueAt({ segment: { image } }: Table, row: number): Uint8Array | undefined {
  if (rowType(image, row) === ROW.del) return undefined
  return Buffer.from(image.subarray(keyEnd(image, row), rowEnd(image, row)))
}

/** True when the row was there and nothing of the key lies below: nothing of it is left. */
function annihilates({ rows, segment: { image } }: Table, name: RowName): boolean {
  const row = rows.get(name)
  if (row === undefined || rowType(image, row) !== ROW.fresh) return false
  rows.delete(name)
  return true
}

/**
 * Takes the rows of a durable record in. A frame that is deleted while it is still in `table`, or in `before` of
 * which nothing has been carried over, never reaches LevelDB.
 */
export function takeRecord(table: Table, before: Table | undefined, start: number, end: number): void {
  const { rows, loose, segment } = table
  const { image } = segment
  for (let row = start + RECORD_HEADER_BYTES; row < end; row = rowEnd(image, row)) {
    const type = rowType(image, row)
    if (type === ROW.loose) {
      loose.push(row)
      continue
    }
    const name = rowName(image, row + ROW_HEADER_BYTES, keyEnd(image, row))
    const gone =
      type === ROW.del &&
      (annihilates(table, name) || (before !== undefined && !rows.has(name) && annihilates(before, name)))
    if (!gone) rows.set(name, row)
  }
}

/** In chunks: the loose rows, then the others, which may delete one of those. */
export function* rowsOf({ rows, loose, segment: { image } }: Table, size: number): Generator<Write[]> {
  let chunk: Write[] = []
  for (const places of [loose, rows.values()]) {
    for (const row of places) {
      chunk.push(rowWrite(image, row))
      if (chunk.length < size) continue
      yield chunk
      chunk = []
    }
  }
  if (chunk.length > 0) yield chunk
}
