/**
 * One record of the journal: a batch of rows under checksums. spec/relay.md section 5.
 *
 * ```
 * record  header checksum u32 | body checksum u32 | body length u32 | epoch u32 | salt u32 | number u32 | before u32 | body
 * body    row × n
 * row     type u8 (1 put, 2 delete, 3 put under a key never used before) | key length u16 | value length u32 | key | value
 * ```
 *
 * The header has a checksum of its own, so that a damaged body in the middle is told from a torn end: only then
 * does another record of the same epoch and salt follow. The salt is random, so that no frame can pretend to be one.
 */
import { crc32 } from 'node:zlib'
import type { Write } from '../database.js'

export const RECORD_HEADER_BYTES = 28
export const ROW_HEADER_BYTES = 7

const PUT = 1
const DELETE = 2
const FRESH = 3

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

/** Bytes of a record with these rows. */
export function recordBytes(writes: readonly Write[]): number {
  let length = RECORD_HEADER_BYTES
  for (const write of writes) {
    length += ROW_HEADER_BYTES + write.key.length
    if (write.type !== 'del') length += write.value.length
  }
  return length
}

const NO_VALUE = new Uint8Array(0)
const TYPES = { put: PUT, del: DELETE, fresh: FRESH } as const

function writeRow(image: Buffer, at: number, write: Write): number {
  const { key } = write
  const value = write.type === 'del' ? NO_VALUE : write.value
  image[at] = TYPES[write.type]
  image[at + 1] = key.length & 0xff
  image[at + 2] = key.length >>> 8
  image.writeUInt32LE(value.length, at + 3)
  image.set(key, at + ROW_HEADER_BYTES)
  image.set(value, at + ROW_HEADER_BYTES + key.length)
  return at + ROW_HEADER_BYTES + key.length + value.length
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

/** Writes a record at `start`, which must have room; `offsets` gets where each row begins. Returns its end. */
export function writeRecord(
  image: Buffer,
  start: number,
  epoch: Epoch,
  number: number,
  writes: readonly Write[],
  offsets: number[],
): number {
  let at = start + RECORD_HEADER_BYTES
  for (let i = 0; i < writes.length; i++) {
    offsets[i] = at
    at = writeRow(image, at, writes[i] as Write)
  }
  seal(image, start, at, epoch, number)
  return at
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

export function isDelete(image: Buffer, row: number): boolean {
  return image[row] === DELETE
}

/** The key had no value before this row. */
export function isFresh(image: Buffer, row: number): boolean {
  return image[row] === FRESH
}

export function rowKey(image: Buffer, row: number): Buffer {
  const start = row + ROW_HEADER_BYTES
  return image.subarray(start, start + image.readUInt16LE(row + 1))
}

/** A view: copy what outlives the segment. */
export function rowValue(image: Buffer, row: number): Buffer {
  const start = row + ROW_HEADER_BYTES + image.readUInt16LE(row + 1)
  return image.subarray(start, start + image.readUInt32LE(row + 3))
}

export function rowEnd(image: Buffer, row: number): number {
  return row + ROW_HEADER_BYTES + image.readUInt16LE(row + 1) + image.readUInt32LE(row + 3)
}

/** The rows of a whole record. */
export function readRows(image: Buffer, start: number, length: number): Write[] {
  const writes: Write[] = []
  const end = start + RECORD_HEADER_BYTES + length
  for (let row = start + RECORD_HEADER_BYTES; row < end; row = rowEnd(image, row)) {
    const key = rowKey(image, row)
    writes.push(
      isDelete(image, row) ? { type: 'del', key } : { type: 'put', key, value: rowValue(image, row) },
    )
  }
  return writes
}
