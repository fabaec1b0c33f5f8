/** The rows of one segment by key: the newest of each, until they are carried into LevelDB. */

import type { Write } from '../database.js'
import { binary } from '../keys.js'
import { isDelete, isFresh, rowKey, rowValue } from './record.js'
import type { Segment } from './segment.js'

export interface Table {
  readonly segment: Segment
  /** Where the row of a key begins in the segment's image. */
  readonly rows: Map<string, number>
}

export function createTable(segment: Segment): Table {
  return { segment, rows: new Map() }
}

/** A copy; undefined when the key was deleted. Asked only for rows that are there. */
export function valueAt({ segment: { image } }: Table, row: number): Uint8Array | undefined {
  if (isDelete(image, row)) return undefined
  const view = rowValue(image, row)
  const copy = Buffer.allocUnsafe(view.length)
  view.copy(copy)
  return copy
}

/** True when the row was there and nothing of the key lies below: nothing of it is left. */
function annihilates({ rows, segment: { image } }: Table, name: string): boolean {
  const row = rows.get(name)
  if (row === undefined || !isFresh(image, row)) return false
  rows.delete(name)
  return true
}

/**
 * Takes durable rows in. A frame that is deleted while it is still in `table`, or in `before` of which nothing has
 * been carried over, never reaches LevelDB.
 */
export function takeRows(
  table: Table,
  before: Table | undefined,
  writes: readonly Write[],
  offsets: readonly number[],
): void {
  for (let i = 0; i < writes.length; i++) {
    const write = writes[i] as Write
    const name = binary(write.key)
    const gone =
      write.type === 'del' &&
      (annihilates(table, name) ||
        (before !== undefined && !table.rows.has(name) && annihilates(before, name)))
    if (!gone) table.rows.set(name, offsets[i] as number)
  }
}

/** In chunks of rows, in the order in which they are held. */
export function* rowsOf({ rows, segment: { image } }: Table, size: number): Generator<Write[]> {
  let chunk: Write[] = []
  for (const row of rows.values()) {
    const key = rowKey(image, row)
    chunk.push(
      isDelete(image, row) ? { type: 'del', key } : { type: 'put', key, value: rowValue(image, row) },
    )
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
