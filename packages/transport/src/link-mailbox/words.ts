/** Fixed layouts written and read, little-endian, to the last byte. Knows no messages. */
import { TransportError } from '../errors.js'

export function bad(field: string): TransportError {
  return new TransportError('transport/bad-message', { details: { field } })
}

export interface Writer {
  u8(value: number): Writer
  u16(value: number): Writer
  u32(value: number): Writer
  bytes(...parts: readonly Uint8Array[]): Writer
  done(): Uint8Array
}

export function writer(kind: number): Writer {
  const out: number[] = [kind]
  const self: Writer = {
    u8: (value) => self.bytes(Uint8Array.of(value)),
    u16: (value) => self.bytes(Uint8Array.of(value, value >>> 8)),
    u32: (value) => self.bytes(Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)),
    bytes: (...parts) => {
      for (const part of parts) for (const byte of part) out.push(byte)
      return self
    },
    done: () => Uint8Array.from(out),
  }
  return self
}

export interface Reader {
  u8(): number
  /** 0 or 1. */
  flag(): boolean
  u16(): number
  u32(): number
  bytes(length: number): Uint8Array
  left(): number
  /** `value`, if nothing is left. */
  end<T>(value: T): T
  /** Entries of `size` bytes to the end, at least one. */
  rest<T>(size: number, read: () => T): T[]
}

export function reader(input: Uint8Array): Reader {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  let at = 0
  const next = (length: number): number => {
    if (at + length > input.length) throw bad('length')
    at += length
    return at - length
  }
  return {
    u8: () => view.getUint8(next(1)),
    flag: () => {
      const value = view.getUint8(next(1))
      if (value > 1) throw bad('flag')
      return value === 1
    },
    u16: () => view.getUint16(next(2), true),
    u32: () => view.getUint32(next(4), true),
    bytes: (length) => {
      const from = next(length)
      return input.slice(from, from + length)
    },
    left: () => input.length - at,
    end: (value) => {
      if (at !== input.length) throw bad('length')
      return value
    },
    rest: (size, read) => {
      const count = (input.length - at) / size
      if (count < 1 || !Number.isInteger(count)) throw bad('length')
      return Array.from({ length: count }, read)
    },
  }
}
