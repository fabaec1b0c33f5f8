/**
 * Fixed layouts as values: one description of a layout reads it and writes it. Numbers are little-endian. Knows
 * sizes only; what a field means is its owner's.
 */
import { RatchetError, type RatchetErrorCode } from './errors.js'

/** Room of a writer to begin with: what a classic session takes. */
const WRITER_BYTES = 512

export interface Reader {
  readonly input: Uint8Array
  /** What everything that does not fit is refused with. */
  readonly code: RatchetErrorCode
  at: number
}

export interface Writer {
  out: Uint8Array
  at: number
}

/** Accepts what it would write, and nothing else. */
export interface Codec<T> {
  read(reader: Reader): T
  write(writer: Writer, value: T): void
}

export function refuse({ code, at, input }: Reader): never {
  throw new RatchetError(code, { details: { offset: at, length: input.length } })
}

/** Offset of the next bytes to read. Nothing is allocated before this has seen that they are there. */
function take(reader: Reader, length: number): number {
  if (length > reader.input.length - reader.at) refuse(reader)
  reader.at += length
  return reader.at - length
}

/** Offset of the next bytes to write. What it leaves behind on its way is wiped. */
function room(writer: Writer, length: number): number {
  const { out, at } = writer
  writer.at += length
  if (writer.at > out.length) {
    writer.out = new Uint8Array(2 * writer.at)
    writer.out.set(out)
    out.fill(0)
  }
  return at
}

/** The whole of `input`. */
export function decode<T>(codec: Codec<T>, input: Uint8Array, code: RatchetErrorCode): T {
  const reader = { input, code, at: 0 }
  const value = codec.read(reader)
  return reader.at === input.length ? value : refuse(reader)
}

/** `length` is the room to begin with. */
export function encode<T>(codec: Codec<T>, value: T, length: number = WRITER_BYTES): Uint8Array {
  const writer = { out: new Uint8Array(length), at: 0 }
  codec.write(writer, value)
  const written = writer.out.slice(0, writer.at)
  writer.out.fill(0)
  return written
}

function number(size: number): Codec<number> {
  return {
    read(reader) {
      const start = take(reader, size)
      let value = 0
      for (let i = size - 1; i >= 0; i--) value = value * 256 + (reader.input[start + i] as number)
      return value
    },
    write(writer, value) {
      let rest = value
      for (let i = room(writer, size); i < writer.at; i++) {
        writer.out[i] = rest % 256
        rest = Math.floor(rest / 256)
      }
    },
  }
}

export const u8: Codec<number> = /* @__PURE__ */ number(1)
export const u16: Codec<number> = /* @__PURE__ */ number(2)
export const u24: Codec<number> = /* @__PURE__ */ number(3)
export const u32: Codec<number> = /* @__PURE__ */ number(4)
/** Milliseconds, 48 bits. */
export const time: Codec<number> = /* @__PURE__ */ number(6)

/** A copy: what is decoded never shares memory with the input. Without a length, all that is left. */
export function bytes(length?: number): Codec<Uint8Array> {
  return {
    read(reader) {
      const start = take(reader, length ?? reader.input.length - reader.at)
      return Uint8Array.prototype.slice.call(reader.input, start, reader.at)
    },
    write(writer, value) {
      // The room first: it may put another array in the place of `out`.
      const start = room(writer, value.length)
      writer.out.set(value, start)
    },
  }
}

/** length u16, at most `max` | bytes. */
export function sized(max: number): Codec<Uint8Array> {
  const bounded = checked(u16, (length) => length <= max)
  return {
    read: (reader) => bytes(bounded.read(reader)).read(reader),
    write(writer, value) {
      u16.write(writer, value.length)
      bytes().write(writer, value)
    },
  }
}

/** A key or a hash. */
export const key: Codec<Uint8Array> = /* @__PURE__ */ bytes(32)

/** One field after another. Of a value, only these are written. */
export function struct<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return {
    read(reader) {
      const value: Partial<T> = {}
      for (const name of names) value[name] = fields[name].read(reader)
      return value as T
    },
    write(writer, value) {
      for (const name of names) fields[name].write(writer, value[name])
    },
  }
}

/** A count within bounds, and that many items. */
export function list<T>(count: Codec<number>, min: number, max: number, item: Codec<T>): Codec<readonly T[]> {
  const bounded = checked(count, (length) => length >= min && length <= max)
  return {
    read(reader) {
      return Array.from({ length: bounded.read(reader) }, () => item.read(reader))
    },
    write(writer, items) {
      count.write(writer, items.length)
      for (const one of items) item.write(writer, one)
    },
  }
}

/** A value that is stored as another. */
export function mapped<S, T>(
  codec: Codec<S>,
  fromStored: (stored: S, reader: Reader) => T,
  toStored: (value: T) => S,
): Codec<T> {
  return {
    read: (reader) => fromStored(codec.read(reader), reader),
    write: (writer, value) => codec.write(writer, toStored(value)),
  }
}

/** Refuses what `isGood` does not accept. */
export function checked<T>(codec: Codec<T>, isGood: (value: T) => boolean): Codec<T> {
  return {
    ...codec,
    read(reader) {
      const value = codec.read(reader)
      return isGood(value) ? value : refuse(reader)
    },
  }
}

/** One of several: its index in a byte, then itself. */
export function choice<T>(options: readonly Codec<T>[], indexOf: (value: T) => number): Codec<T> {
  return {
    read: (reader) => (options[u8.read(reader)] ?? refuse(reader)).read(reader),
    write(writer, value) {
      const index = indexOf(value)
      u8.write(writer, index)
      options[index]?.write(writer, value)
    },
  }
}

/** Takes no bytes, and is always `value`. */
export function absent<T>(value: T): Codec<T> {
  return { read: () => value, write: () => {} }
}
