/**
 * The rows of one segment by key: the newest of each, until they are carried into LevelDB.
 *
 * Frames go by their position, ids by a hash of their bytes, all others by name: those two are nearly all there is.
 */
import type { Write } from '../database.js'
import { createIdIndex, findPair, hashPair, hashPairAt, type IdIndex, notePair } from '../id-index.js'
import { frameSeq, ID_PAIR_AT, isFrameKey, isIdKey, readIdKey } from '../keys.js'
import { clearFrameRow, createFrameRows, type FrameRows, frameRow, setFrameRow } from './frame-rows.js'
import { keyEnd, RECORD_HEADER_BYTES, ROW, ROW_HEADER_BYTES, rowEnd, rowType, rowWrite } from './record.js'
import type { Segment } from './segment.js'

export interface Table {
  readonly segment: Segment
  /** Where the row of a key begins in the segment's image. */
  readonly named: Map<string, number>
  /** Rows of new frames. */
  readonly frames: FrameRows
  /** Where the pair of box and id begins in the row of an id. */
  readonly ids: IdIndex
  /** Where rows begin that nobody looks for by their key. */
  readonly loose: number[]
}

/** From the begin of the row of an id to its pair. */
const PAIR_AT = ROW_HEADER_BYTES + ID_PAIR_AT

export function createTable(segment: Segment): Table {
  return { segment, named: new Map(), frames: createFrameRows(), ids: createIdIndex(), loose: [] }
}

function nameAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end)
}

/** Where the row of the key begins; 0: there is none. */
function rowOf({ named, frames, ids, segment: { image } }: Table, key: Buffer): number {
  if (isIdKey(key, 0, key.length)) {
    const { box, id } = readIdKey(key)
    const pair = findPair(ids, image, hashPair(box, id), box, id)
    return pair === 0 ? 0 : pair - PAIR_AT
  }
  const row = isFrameKey(key, 0, key.length) ? frameRow(frames, frameSeq(key, 0)) : 0
  return row === 0 ? (named.get(nameAt(key, 0, key.length)) ?? 0) : row
}

export interface Found {
  /** A copy; undefined when the key was deleted. */
  readonly value: Uint8Array | undefined
}

/** Undefined when the segment says nothing of the key. */
export function findRow(table: Table, key: Buffer): Found | undefined {
  const row = rowOf(table, key)
  if (row === 0) return undefined
  const { image } = table.segment
  if (rowType(image, row) === ROW.del) return { value: undefined }
  return { value: Buffer.from(image.subarray(keyEnd(image, row), rowEnd(image, row))) }
}

/** True when the row was there and nothing of the key lies below: nothing of it is left. */
function annihilates({ named, segment: { image } }: Table, name: string): boolean {
  const row = named.get(name)
  if (row === undefined || rowType(image, row) !== ROW.fresh) return false
  named.delete(name)
  return true
}

function forgetFrame({ frames }: Table, seq: number): boolean {
  if (frameRow(frames, seq) === 0) return false
  clearFrameRow(frames, seq)
  return true
}

function takeNamed(table: Table, before: Table | undefined, row: number, start: number, end: number): void {
  const { named, segment } = table
  const name = nameAt(segment.image, start, end)
  const gone =
    rowType(segment.image, row) === ROW.del &&
    (annihilates(table, name) || (before !== undefined && !named.has(name) && annihilates(before, name)))
  if (!gone) named.set(name, row)
}

/** False: the row is one for `takeNamed`. */
function takeFrame(table: Table, before: Table | undefined, row: number, key: number, end: number): boolean {
  const { named, frames, segment } = table
  const seq = frameSeq(segment.image, key)
  const type = rowType(segment.image, row)
  if (type === ROW.fresh) return setFrameRow(frames, seq, row)
  const forgotten = forgetFrame(table, seq)
  if (type !== ROW.del || forgotten || before === undefined) return type === ROW.del && forgotten
  return !named.has(nameAt(segment.image, key, end)) && forgetFrame(before, seq)
}

/**
 * Takes the rows of a durable record in. A frame that is deleted while it is still in `table`, or in `before` of
 * which nothing has been carried over, never reaches LevelDB.
 */
export function takeRecord(table: Table, before: Table | undefined, start: number, end: number): void {
  const { image } = table.segment
  for (let row = start + RECORD_HEADER_BYTES; row < end; row = rowEnd(image, row)) {
    const key = row + ROW_HEADER_BYTES
    const behind = keyEnd(image, row)
    if (rowType(image, row) === ROW.loose) table.loose.push(row)
    else if (isIdKey(image, key, behind))
      notePair(table.ids, image, hashPairAt(image, row + PAIR_AT), row + PAIR_AT)
    else if (!isFrameKey(image, key, behind) || !takeFrame(table, before, row, key, behind))
      takeNamed(table, before, row, key, behind)
  }
}

/** Loose rows come first: one of the others may delete what a loose one has put. */
function* places({ loose, frames, ids, named }: Table): Generator<number> {
  yield* loose
  for (let i = 0; i < frames.end; i++) if (frames.rows[i] !== 0) yield frames.rows[i] as number
  for (const pair of ids.places) if (pair !== 0) yield pair - PAIR_AT
  yield* named.values()
}

/** What there is to carry over, in chunks. */
export function* rowsOf(table: Table, size: number): Generator<Write[]> {
  const { image } = table.segment
  let chunk: Write[] = []
  for (const row of places(table)) {
    chunk.push(rowWrite(image, row))
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
