/** Reading and writing of fixed layouts, little-endian. Knows sizes only; what a field means is its caller's. */
import { RatchetError, type RatchetErrorCode } from './errors.js'
import { MAX_TIME } from './limits.js'

/** Room of a writer to begin with: what a classic session takes. */
const WRITER_BYTES = 512

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
  const number = (size: number) => (): number => {
    const start = take(size)
    let value = 0
    for (let i = at - 1; i >= start; i--) value = value * 256 + (input[i] as number)
    return value
  }
  return {
    u8: number(1),
    u16: number(2),
    u24: number(3),
    u32: number(4),
    time: number(6),
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

/** Writes as much as comes; `length` is the room to begin with. What it leaves behind on its way is wiped. */
export function byteWriter(length: number = WRITER_BYTES): ByteWriter {
  let out = new Uint8Array(length)
  let at = 0
  function step(size: number): number {
    if (at + size > out.length) {
      const larger = new Uint8Array(2 * (at + size))
      larger.set(out)
      out.fill(0)
      out = larger
    }
    at += size
    return at - size
  }
  const number =
    (size: number) =>
    (value: number): ByteWriter => {
      let rest = value
      for (let i = step(size); i < at; i++) {
        out[i] = rest % 256
        rest = Math.floor(rest / 256)
      }
      return writer
    }
  const writer: ByteWriter = {
    u8: number(1),
    u16: number(2),
    u24: number(3),
    u32: number(4),
    time: number(6),
    bytes: (value) => {
      // The step first: it may put another array in the place of `out`.
      const start = step(value.length)
      out.set(value, start)
      return writer
    },
    done: () => {
      const written = out.slice(0, at)
      out.fill(0)
      return written
    },
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
