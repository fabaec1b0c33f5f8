/**
 * The presentation language of RFC 9420 section 2.1 on plain buffers: numbers big-endian, vectors behind a
 * length of one, two or four bytes. For what is read and written so often that ts-mls's composed codecs show
 * in a profile; everything else stays with those. Knows no message.
 */
import { MlsError, type MlsErrorCode } from './errors.js'

/** Writes go to `at`, which moves on. The buffer is large enough, because sizes were summed before. */
export interface Writer {
  readonly bytes: Uint8Array
  at: number
}

/** Reads come from `at` and never pass `end`; whatever does not fit is `code`. Reads are views. */
export interface Reader {
  readonly bytes: Uint8Array
  readonly end: number
  readonly code: MlsErrorCode
  at: number
}

const ONE_BYTE_LENGTHS = 1 << 6
const TWO_BYTE_LENGTHS = 1 << 14

export function writer(size: number): Writer {
  return { bytes: new Uint8Array(size), at: 0 }
}

export function reader(bytes: Uint8Array, code: MlsErrorCode): Reader {
  return { bytes, at: 0, end: bytes.length, code }
}

export function broken(from: Reader): MlsError {
  return new MlsError(from.code, { details: { length: from.bytes.length } })
}

/** Bytes that a vector of this length takes, its length prefix included. */
export function vectorSize(length: number): number {
  if (length < ONE_BYTE_LENGTHS) return length + 1
  return length + (length < TWO_BYTE_LENGTHS ? 2 : 4)
}

export function writeU8(to: Writer, value: number): void {
  to.bytes[to.at++] = value
}

export function writeU16(to: Writer, value: number): void {
  to.bytes[to.at] = value >>> 8
  to.bytes[to.at + 1] = value
  to.at += 2
}

export function writeU32(to: Writer, value: number): void {
  const { bytes, at } = to
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  to.at = at + 4
}

const U32 = 2 ** 32

/** Epochs and times are small numbers, which cost a fraction of what arithmetic on a bigint does. */
export function writeU64(to: Writer, value: bigint): void {
  const small = Number(value)
  if (small <= Number.MAX_SAFE_INTEGER) {
    writeU32(to, Math.floor(small / U32))
    writeU32(to, small % U32)
    return
  }
  writeU32(to, Number(value >> 32n))
  writeU32(to, Number(value & 0xffff_ffffn))
}

export function writeRaw(to: Writer, data: Uint8Array): void {
  to.bytes.set(data, to.at)
  to.at += data.length
}

/** Section 2.1.2: the shortest of the three forms. */
export function writeLength(to: Writer, length: number): void {
  if (length < ONE_BYTE_LENGTHS) writeU8(to, length)
  else if (length < TWO_BYTE_LENGTHS) writeU16(to, length | 0x4000)
  else writeU32(to, (length | 0x8000_0000) >>> 0)
}

export function writeVector(to: Writer, data: Uint8Array): void {
  writeLength(to, data.length)
  writeRaw(to, data)
}

export function readU8(from: Reader): number {
  if (from.at >= from.end) throw broken(from)
  return from.bytes[from.at++] as number
}

export function readU16(from: Reader): number {
  return readU8(from) * 256 + readU8(from)
}

export function readU32(from: Reader): number {
  return readU16(from) * 65536 + readU16(from)
}

export function readU64(from: Reader): bigint {
  const [high, low] = [readU32(from), readU32(from)]
  const small = high * U32 + low
  return small <= Number.MAX_SAFE_INTEGER ? BigInt(small) : (BigInt(high) << 32n) | BigInt(low)
}

export function readRaw(from: Reader, length: number): Uint8Array {
  const { bytes, at } = from
  if (length > from.end - at) throw broken(from)
  from.at = at + length
  return bytes.subarray(at, at + length)
}

/** Refuses a length that a shorter form could say. */
export function readLength(from: Reader): number {
  const first = readU8(from)
  const form = first >>> 6
  if (form === 0) return first
  if (form === 3) throw broken(from)
  const high = (first & 0x3f) * 256 + readU8(from)
  const length = form === 1 ? high : high * 65536 + readU16(from)
  if (length < (form === 1 ? ONE_BYTE_LENGTHS : TWO_BYTE_LENGTHS)) throw broken(from)
  return length
}

export function readVector(from: Reader): Uint8Array {
  return readRaw(from, readLength(from))
}

/** Nothing may follow what has been read. */
export function assertSpent(from: Reader): void {
  if (from.at !== from.end) throw broken(from)
}
