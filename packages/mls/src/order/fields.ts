/**
 * Plain values as bytes, for rows of a store: canonical, bounded, consumed exactly. Each codec is encoder and decoder
 * side by side. Knows nothing of what the values mean.
 */
import { concatBytes, fromHex, fromUtf8, toHex, utf8 } from '@hyphae/core'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readRaw,
  readU8,
  readU64,
  readVector,
  vectorSize,
  writer,
  writeU64,
  writeVector,
} from '../wire.js'

export interface Codec<T> {
  write(value: T): Uint8Array
  read(from: Reader): T
}

function vector(data: Uint8Array): Uint8Array {
  const to = writer(vectorSize(data.length))
  writeVector(to, data)
  return to.bytes
}

export const bytes: Codec<Uint8Array> = {
  write: vector,
  read: (from) => readVector(from).slice(),
}

/** A whole number from 0; 8 bytes. */
export const count: Codec<number> = {
  write: (value) => {
    const to = writer(8)
    writeU64(to, BigInt(value))
    return to.bytes
  },
  read: (from) => {
    const value = readU64(from)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(from)
    return Number(value)
  },
}

export const flag: Codec<boolean> = {
  write: (value) => Uint8Array.of(value ? 1 : 0),
  read: (from) => {
    const value = readU8(from)
    if (value > 1) throw broken(from)
    return value === 1
  },
}

export const text: Codec<string> = {
  write: (value) => vector(utf8(value)),
  read: (from) => fromUtf8(readVector(from)),
}

/** Bytes that the program holds as hexadecimal digits, of this many bytes. */
export function hex(length: number): Codec<string> {
  return { write: (value) => fromHex(value), read: (from) => toHex(readRaw(from, length)) }
}

/** The same of a length that differs, up to a limit. */
export function hexUpTo(limit: number): Codec<string> {
  return {
    write: (value) => vector(fromHex(value)),
    read: (from) => {
      const read = readVector(from)
      if (read.length > limit) throw broken(from)
      return toHex(read)
    },
  }
}

export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (value) => (value === null ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), codec.write(value))),
    read: (from) => (flag.read(from) ? codec.read(from) : null),
  }
}

export function list<T>(codec: Codec<T>, limit: number): Codec<readonly T[]> {
  return {
    write: (values) => concatBytes(count.write(values.length), ...values.map((value) => codec.write(value))),
    read: (from) => {
      const length = count.read(from)
      if (length > limit) throw broken(from)
      return Array.from({ length }, () => codec.read(from))
    },
  }
}

/** One of these words, by its place. */
export function oneOf<T extends string>(...words: readonly T[]): Codec<T> {
  return {
    write: (value) => Uint8Array.of(words.indexOf(value)),
    read: (from) => {
      const word = words[readU8(from)]
      if (word === undefined) throw broken(from)
      return word
    },
  }
}

/** The fields in the order in which they are named here. */
export function record<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return {
    write: (value) => concatBytes(...names.map((name) => fields[name].write(value[name]))),
    read: (from) => {
      const read: Partial<T> = {}
      for (const name of names) read[name] = fields[name].read(from)
      return read as T
    },
  }
}

/** One value and nothing else. @throws MlsError `mls/bad-snapshot` */
export function decodeAll<T>(codec: Codec<T>, value: Uint8Array): T {
  const from = reader(value, 'mls/bad-snapshot')
  const read = codec.read(from)
  assertSpent(from)
  return read
}
