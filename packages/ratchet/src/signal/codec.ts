/** Reading and writing of stored state: minimal varints and byte strings, one after the other. Knows no state. */
import { concatBytes } from '@hyphae/core'
import { SignalError } from './errors.js'
import { readVarint, varint } from './protobuf.js'

const CODE = 'ratchet/signal-bad-snapshot'

export interface StateWriter {
  /** A safe integer ≥ 0. */
  number(value: number): StateWriter
  /** Bytes whose length the reader knows. */
  fixed(value: Uint8Array): StateWriter
  /** A list: its length, then its items. */
  list<T>(items: readonly T[], write: (item: T) => void): StateWriter
  done(): Uint8Array
}

export function stateWriter(): StateWriter {
  const parts: Uint8Array[] = []
  const writer: StateWriter = {
    number: (value) => {
      parts.push(varint(value))
      return writer
    },
    fixed: (value) => {
      parts.push(value)
      return writer
    },
    list: (items, write) => {
      writer.number(items.length)
      for (const item of items) write(item)
      return writer
    },
    done: () => concatBytes(...parts),
  }
  return writer
}

export interface StateReader {
  number(max: number): number
  /** A copy of the next `length` bytes. */
  fixed(length: number): Uint8Array
  /** At most `max` items; nothing is allocated for those that are only announced. */
  list<T>(max: number, read: () => T): T[]
  /** Refuses bytes that are left over. */
  end(): void
  /** For what the reader of a field finds wrong with it. */
  bad(field: string): SignalError
}

/** Everything it refuses is `ratchet/signal-bad-snapshot`. */
export function stateReader(input: Uint8Array): StateReader {
  let at = 0
  const bad = (field: string): SignalError =>
    new SignalError(CODE, { details: { field, length: input.length } })
  const reader: StateReader = {
    number: (max) => {
      const { value, next } = readVarint(input, at, max, CODE)
      at = next
      return value
    },
    fixed: (length) => {
      if (length > input.length - at) throw bad('end')
      at += length
      return Uint8Array.prototype.slice.call(input, at - length, at)
    },
    list: (max, read) => {
      const items = []
      for (let left = reader.number(max); left > 0; left--) items.push(read())
      return items
    },
    end: () => {
      if (at !== input.length) throw bad('end')
    },
    bad,
  }
  return reader
}
