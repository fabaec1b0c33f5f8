/** Reading and writing of fixed layouts, little-endian. Knows sizes only; what a field means is its caller's. */
import { readU16, readU24, readU32, writeU16, writeU24, writeU32 } from '@hyphae/tlv'
import { RatchetError, type RatchetErrorCode } from './errors.js'
import { MAX_TIME } from './limits.js'

const TWO_32 = 0x1_0000_0000

export interface ByteReader {
  u8(): number
  u16(): number
  u24(): number
  u32(): number
  /** Milliseconds, 48 bits. */
  time(): number
  /** A copy: what is decoded never shares memory with the input. */
  bytes(length: number): Uint8Array
  /** Bytes read so far. */
  offset(): number
  /** Refuses bytes that are left over. */
  end(): void
}

/** Reads from the front; whatever does not fit throws `code`. Nothing is allocated before its size is checked. */
export function byteReader(input: Uint8Array, code: RatchetErrorCode): ByteReader {
  let at = 0
  function take(length: number): number {
    if (length > input.length - at) throw new RatchetError(code, { details: { length: input.length } })
    at += length
    return at - length
  }
  return {
    u8: () => input[take(1)] as number,
    u16: () => readU16(input, take(2)),
    u24: () => readU24(input, take(3)),
    u32: () => readU32(input, take(4)),
    time: () => {
      const start = take(6)
      return readU32(input, start) + readU16(input, start + 4) * TWO_32
    },
    bytes: (length) => {
      const start = take(length)
      return Uint8Array.prototype.slice.call(input, start, start + length)
    },
    offset: () => at,
    end: () => {
      if (at !== input.length) {
        throw new RatchetError(code, { details: { length: input.length, expected: at } })
      }
    },
  }
}

export interface ByteWriter {
  u8(value: number): ByteWriter
  u16(value: number): ByteWriter
  u24(value: number): ByteWriter
  u32(value: number): ByteWriter
  time(value: number): ByteWriter
  bytes(value: Uint8Array): ByteWriter
  /** The bytes written. */
  done(): Uint8Array
}

/** Writes into `length` bytes, which the caller has counted. */
export function byteWriter(length: number): ByteWriter {
  const out = new Uint8Array(length)
  let at = 0
  function step(size: number): number {
    at += size
    return at - size
  }
  const writer: ByteWriter = {
    u8: (value) => {
      out[step(1)] = value
      return writer
    },
    u16: (value) => {
      writeU16(out, step(2), value)
      return writer
    },
    u24: (value) => {
      writeU24(out, step(3), value)
      return writer
    },
    u32: (value) => {
      writeU32(out, step(4), value)
      return writer
    },
    time: (value) => {
      writeU32(out, step(4), value % TWO_32)
      writeU16(out, step(2), Math.floor(value / TWO_32))
      return writer
    },
    bytes: (value) => {
      out.set(value, step(value.length))
      return writer
    },
    done: () => out.subarray(0, at),
  }
  return writer
}

/** @throws RatchetError `ratchet/bad-argument` unless whole milliseconds within 48 bits */
export function checkTime(now: number): number {
  if (!Number.isInteger(now) || now < 0 || now > MAX_TIME) {
    throw new RatchetError('ratchet/bad-argument', { details: { name: 'now', max: MAX_TIME } })
  }
  return now
}
