/**
 * TLV records: type u8, length u8, value; above 254 bytes `FF 00 type length_u16 value` (spec/frames.md, "Records").
 *
 * Each sequence of records has exactly one encoding, and decoding refuses every other. This file knows the
 * grammar only: which types exist, their order and their sizes are the business of fields.ts.
 */
import { concatBytes } from '@hyphae/core'
import { TlvError, type TlvErrorCode } from './errors.js'
import { MAX_RECORDS, MAX_SHORT_VALUE_BYTES, MAX_VALUE_BYTES } from './limits.js'
import { readU16 } from './numbers.js'
import { isZero, viewOf } from './view.js'

/** First byte of the extended form, and so not a type. */
const ESCAPE = 0xff
const SHORT_HEADER_BYTES = 2
const EXTENDED_HEADER_BYTES = 5

export interface TlvRecord {
  /** 1 to 254. */
  readonly type: number
  /** At most 65,535 bytes. After reading: a view into the input. */
  readonly value: Uint8Array
}

export interface ReadOptions {
  /** Accept zero bytes after the last record, as in the body of a frame. Default false. */
  readonly padding?: boolean
  /** Default MAX_RECORDS. */
  readonly maxRecords?: number
}

/** A reused position in a byte string: no object and no copy a record. */
export interface RecordCursor {
  /** Type of the current record. */
  readonly type: number
  /** Offset of the current record's header. */
  readonly offset: number
  /** The value is `input[start..end)`. */
  readonly start: number
  readonly end: number
  /**
   * Moves to the next record; false at the end.
   * @throws TlvError `tlv/truncated`, `tlv/not-canonical`, `tlv/bad-type`, `tlv/bad-padding`
   */
  next(): boolean
  /** Starts again, on another input if one is given. */
  reset(input?: Uint8Array): void
}

/** Types below 128 must be understood by whoever reads them. */
export function isCritical(type: number): boolean {
  return type < 128
}

/** Walks records strictly. `padding` as in ReadOptions; the number of records is the caller's to bound. */
export function recordCursor(input: Uint8Array, options: { readonly padding?: boolean } = {}): RecordCursor {
  const padding = options.padding ?? false
  let bytes = input

  /** Checks all of a record before the cursor moves: after a refusal it stands where it stood. */
  function place(offset: number): void {
    const extended = bytes[offset] === ESCAPE
    const start = offset + (extended ? EXTENDED_HEADER_BYTES : SHORT_HEADER_BYTES)
    if (start > bytes.length) refuse('tlv/truncated', offset)
    const length = extended ? readU16(bytes, offset + 3) : (bytes[offset + 1] as number)
    if (extended !== length > MAX_SHORT_VALUE_BYTES || (extended && bytes[offset + 1] !== 0)) {
      refuse('tlv/not-canonical', offset)
    }
    const type = bytes[extended ? offset + 2 : offset] as number
    if (type === 0 || type === ESCAPE) refuse('tlv/bad-type', offset)
    if (start + length > bytes.length) refuse('tlv/truncated', offset)
    cursor.type = type
    cursor.offset = offset
    cursor.start = start
    cursor.end = start + length
  }

  const cursor = {
    type: 0,
    offset: 0,
    start: 0,
    end: 0,
    next(): boolean {
      const offset = cursor.end
      if (offset === bytes.length) return false
      if (padding && bytes[offset] === 0) {
        if (!isZero(bytes, offset, bytes.length)) refuse('tlv/bad-padding', offset)
        return false
      }
      place(offset)
      return true
    },
    reset(next: Uint8Array = bytes): void {
      bytes = next
      cursor.type = cursor.offset = cursor.start = cursor.end = 0
    },
  }
  return cursor
}

function refuse(code: TlvErrorCode, offset: number): never {
  throw new TlvError(code, { details: { offset } })
}

/**
 * All records of `input`, values as views into it. The whole input must be records.
 * @throws TlvError as RecordCursor.next, and `tlv/too-many-records`
 */
export function readRecords(input: Uint8Array, options: ReadOptions = {}): TlvRecord[] {
  const limit = options.maxRecords ?? MAX_RECORDS
  const cursor = recordCursor(input, { padding: options.padding ?? false })
  const records: TlvRecord[] = []
  while (cursor.next()) {
    if (records.length === limit) throw new TlvError('tlv/too-many-records', { details: { limit } })
    records.push({ type: cursor.type, value: viewOf(input, cursor.start, cursor.end) })
  }
  return records
}

/** Bytes that a record with a value of `valueLength` bytes takes. @throws TlvError `tlv/bad-length` */
export function recordLength(valueLength: number): number {
  if (!Number.isInteger(valueLength) || valueLength < 0 || valueLength > MAX_VALUE_BYTES) {
    throw new TlvError('tlv/bad-length', { details: { length: valueLength, max: MAX_VALUE_BYTES } })
  }
  return valueLength + (valueLength <= MAX_SHORT_VALUE_BYTES ? SHORT_HEADER_BYTES : EXTENDED_HEADER_BYTES)
}

/** What stands before a value. @throws TlvError `tlv/bad-type`, `tlv/bad-length` */
function recordHeader(type: number, { length }: Uint8Array): Uint8Array {
  if (!Number.isInteger(type) || type < 1 || type >= ESCAPE) {
    throw new TlvError('tlv/bad-type', { details: { type } })
  }
  if (length > MAX_VALUE_BYTES)
    throw new TlvError('tlv/bad-length', { details: { length, max: MAX_VALUE_BYTES } })
  return length > MAX_SHORT_VALUE_BYTES
    ? Uint8Array.of(ESCAPE, 0, type, length, length >>> 8)
    : Uint8Array.of(type, length)
}

/**
 * Writes one record and returns the offset after it; nothing is written when it does not fit.
 * @throws TlvError `tlv/bad-type`, `tlv/bad-length` (value too long, or `out` too short)
 */
export function writeRecord(out: Uint8Array, offset: number, type: number, value: Uint8Array): number {
  const header = recordHeader(type, value)
  const start = offset + header.length
  const end = start + value.length
  if (end > out.length) throw new TlvError('tlv/bad-length', { details: { needed: end, length: out.length } })
  out.set(header, offset)
  out.set(value, start)
  return end
}

/** @throws TlvError `tlv/bad-type`, `tlv/bad-length` */
export function encodeRecords(records: readonly TlvRecord[]): Uint8Array {
  return concatBytes(...records.flatMap(({ type, value }) => [recordHeader(type, value), value]))
}
