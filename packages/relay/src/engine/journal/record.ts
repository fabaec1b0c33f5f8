/**
 * One record of the journal: a batch of rows under checksums. spec/relay.md section 5.
 *
 * ```
 * record  header checksum u32 | body checksum u32 | body length u32 | epoch u32 | salt u32 | number u32 | before u32 | body
 * body    row × n
 * row     type u8 | key length u16 | value length u32 | key | value
 * type    1 put, 2 delete, 3 put under a key never used before, 4 the same and not looked for by its key
 * ```
 *
 * The header has a checksum of its own, so that damage in the middle is told from a torn end: only then another
 * record of the same epoch and salt lies behind. The salt is random, so that no frame can pretend to be one.
 */
import { crc32 } from 'node:zlib'
import type { Write } from '../database.js'
import {
  clearIdIndex,
  createIdIndex,
  findPair,
  hashPair,
  hashPairAt,
  type IdIndex,
  notePair,
} from '../id-index.js'
import {
  FRAME_KEY_BYTES,
  ID_KEY_BYTES,
  ID_PAIR_AT,
  isIdKey,
  type Slot,
  writeFrameKey,
  writeIdKey,
} from '../keys.js'

export const RECORD_HEADER_BYTES = 28
export const ROW_HEADER_BYTES = 7

export const ROW = { put: 1, del: 2, fresh: 3, loose: 4 } as const

/** What all records of one use of a segment share. */
export interface Epoch {
  /** Rises with each use of any segment. */
  readonly epoch: number
  readonly salt: number
  /** Bytes in the segment of the epoch before, so that a loss at its end is seen; 0 when it was carried over. */
  readonly before: number
}

export interface RecordHeader extends Epoch {
  readonly length: number
  readonly number: number
  readonly bodyChecksum: number
}

/** Rows on their way into a record. The memory is used again for the next. */
export interface Rows {
  bytes: Buffer
  length: number
  count: number
  /** Where the pair of box and id begins in the newest row of each id. */
  readonly ids: IdIndex
}

const FIRST_BYTES = 256 * 1024

export function createRows(): Rows {
  return { bytes: Buffer.allocUnsafeSlow(FIRST_BYTES), length: 0, count: 0, ids: createIdIndex() }
}

export function clearRows(rows: Rows): void {
  rows.length = 0
  rows.count = 0
  clearIdIndex(rows.ids)
}

function grow(rows: Rows, needed: number): void {
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * rows.bytes.length, needed))
  rows.bytes.copy(larger, 0, 0, rows.length)
  rows.bytes = larger
}

/** Begins a row with room for its key and its value. Returns where the key begins. */
function begin(rows: Rows, type: number, keyBytes: number, valueBytes: number): number {
  const start = rows.length
  const key = start + ROW_HEADER_BYTES
  const end = key + keyBytes + valueBytes
  if (end > rows.bytes.length) grow(rows, end)
  const { bytes } = rows
  bytes[start] = type
  bytes[start + 1] = keyBytes & 0xff
  bytes[start + 2] = keyBytes >>> 8
  bytes.writeUInt32LE(valueBytes, start + 3)
  rows.length = end
  rows.count += 1
  return key
}

export function addRow(rows: Rows, type: number, key: Uint8Array, value: Uint8Array): void {
  const at = begin(rows, type, key.length, value.length)
  rows.bytes.set(key, at)
  rows.bytes.set(value, at + key.length)
  if (!isIdKey(rows.bytes, at, at + key.length)) return
  notePair(rows.ids, rows.bytes, hashPairAt(rows.bytes, at + ID_PAIR_AT), at + ID_PAIR_AT)
}

/** A new frame: `addRow` without a key of its own. */
export function addFrame(rows: Rows, box: Uint8Array, place: Slot, frame: Uint8Array): void {
  const at = begin(rows, ROW.fresh, FRAME_KEY_BYTES, frame.length)
  writeFrameKey(rows.bytes, at, box, place)
  rows.bytes.set(frame, at + FRAME_KEY_BYTES)
}

export function dropFrame(rows: Rows, box: Uint8Array, place: Slot): void {
  const at = begin(rows, ROW.del, FRAME_KEY_BYTES, 0)
  writeFrameKey(rows.bytes, at, box, place)
}

/** An id, without a value. */
export function addId(rows: Rows, box: Uint8Array, id: Uint8Array): void {
  const at = begin(rows, ROW.put, ID_KEY_BYTES, 0)
  writeIdKey(rows.bytes, at, box, id)
  notePair(rows.ids, rows.bytes, hashPair(box, id), at + ID_PAIR_AT)
}

/** True when these rows put the id. */
export function putsId({ ids, bytes }: Rows, box: Uint8Array, id: Uint8Array): boolean {
  if (ids.count === 0) return false
  const pair = findPair(ids, bytes, hashPair(box, id), box, id)
  return pair !== 0 && bytes[pair - ID_PAIR_AT - ROW_HEADER_BYTES] !== ROW.del
}

function seal(image: Buffer, start: number, end: number, epoch: Epoch, number: number): void {
  const body = start + RECORD_HEADER_BYTES
  image.writeUInt32LE(crc32(image.subarray(body, end)), start + 4)
  image.writeUInt32LE(end - body, start + 8)
  image.writeUInt32LE(epoch.epoch, start + 12)
  image.writeUInt32LE(epoch.salt, start + 16)
  image.writeUInt32LE(number, start + 20)
  image.writeUInt32LE(epoch.before, start + 24)
  image.writeUInt32LE(crc32(image.subarray(start + 4, body)), start)
}

/** Writes a record at `start`, which must have room. Returns its end. */
export function writeRecord(image: Buffer, start: number, epoch: Epoch, number: number, rows: Rows): number {
  const body = start + RECORD_HEADER_BYTES
  rows.bytes.copy(image, body, 0, rows.length)
  seal(image, start, body + rows.length, epoch, number)
  return body + rows.length
}

/** A record without rows: marks a segment as carried over, and keeps the count of epochs. */
export function writeVoid(image: Buffer, epoch: Epoch): number {
  seal(image, 0, RECORD_HEADER_BYTES, epoch, 0)
  return RECORD_HEADER_BYTES
}

/** Undefined when no header begins at `start`. */
export function readHeader(image: Buffer, start: number): RecordHeader | undefined {
  const body = start + RECORD_HEADER_BYTES
  if (body > image.length) return undefined
  if (image.readUInt32LE(start) !== crc32(image.subarray(start + 4, body))) return undefined
  return {
    bodyChecksum: image.readUInt32LE(start + 4),
    length: image.readUInt32LE(start + 8),
    epoch: image.readUInt32LE(start + 12),
    salt: image.readUInt32LE(start + 16),
    number: image.readUInt32LE(start + 20),
    before: image.readUInt32LE(start + 24),
  }
}

export function isWhole(image: Buffer, start: number, { length, bodyChecksum }: RecordHeader): boolean {
  const body = start + RECORD_HEADER_BYTES
  return body + length <= image.length && crc32(image.subarray(body, body + length)) === bodyChecksum
}

// ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────

export function rowType(image: Buffer, row: number): number {
  return image[row] as number
}

/** Where the row's key ends and its value begins. */
export function keyEnd(image: Buffer, row: number): number {
  return row + ROW_HEADER_BYTES + (image[row + 1] as number) + (image[row + 2] as number) * 256
}

/** Where the next row begins. */
export function rowEnd(image: Buffer, row: number): number {
  return keyEnd(image, row) + image.readUInt32LE(row + 3)
}

const NO_VALUE = new Uint8Array(0)

/** Views: copy what outlives the segment. */
export function rowWrite(image: Buffer, row: number): Write {
  const middle = keyEnd(image, row)
  const key = image.subarray(row + ROW_HEADER_BYTES, middle)
  if (image[row] === ROW.del) return { type: 'del', key }
  const end = rowEnd(image, row)
  return { type: 'put', key, value: end === middle ? NO_VALUE : image.subarray(middle, end) }
}

/** The rows of a whole record. */
export function readRows(image: Buffer, start: number, length: number): Write[] {
  const writes: Write[] = []
  const end = start + RECORD_HEADER_BYTES + length
  for (let row = start + RECORD_HEADER_BYTES; row < end; row = rowEnd(image, row))
    writes.push(rowWrite(image, row))
  return writes
}
