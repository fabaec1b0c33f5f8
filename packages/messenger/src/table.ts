/**
 * Typed rows over the store: MessagePack with a schema, checked on every read.
 *
 * A row that does not fit its schema is `messenger/bad-row`: nothing is guessed from a damaged store.
 */

import type { KeyPart, ListOptions, StoreKey, StoreReader, StoreTransaction } from '@hyphae/core'
import { decode, encode } from '@msgpack/msgpack'
import * as v from 'valibot'
import { MessengerError } from './errors.js'

export interface TableEntry<Row> {
  /** Key parts after the table's name. */
  readonly parts: readonly KeyPart[]
  readonly row: Row
}

export interface Table<Row> {
  get(reader: StoreReader, ...parts: KeyPart[]): Promise<Row | undefined>
  put(tx: StoreTransaction, row: Row, ...parts: KeyPart[]): void
  delete(tx: StoreTransaction, ...parts: KeyPart[]): void
  list(reader: StoreReader, prefix: readonly KeyPart[], options?: ListOptions): Promise<TableEntry<Row>[]>
}

export function table<Row>(name: string, schema: v.GenericSchema<unknown, Row>): Table<Row> {
  const key = (parts: readonly KeyPart[]): StoreKey => [name, ...parts]
  const read = (bytes: Uint8Array): Row => {
    try {
      return v.parse(schema, decode(bytes))
    } catch (cause) {
      throw new MessengerError('messenger/bad-row', { details: { table: name }, cause })
    }
  }
  return {
    get: async (reader, ...parts) => {
      const bytes = await reader.get(key(parts))
      return bytes === undefined ? undefined : read(bytes)
    },
    put: (tx, row, ...parts) => tx.put(key(parts), encode(row)),
    delete: (tx, ...parts) => tx.delete(key(parts)),
    list: async (reader, prefix, options) => {
      const entries = await reader.list(key(prefix), options)
      return entries.map((entry) => ({ parts: entry.key.slice(1), row: read(entry.value) }))
    },
  }
}

/** Takes the next number of a named counter: 1, 2, 3, … */
export async function nextNumber(tx: StoreTransaction, name: string): Promise<number> {
  const current = (await counters.get(tx, name)) ?? 0
  counters.put(tx, current + 1, name)
  return current + 1
}

/** The next number of a counter is greater than `number`. */
export async function skipNumbers(tx: StoreTransaction, name: string, number: number): Promise<void> {
  counters.put(tx, Math.max((await counters.get(tx, name)) ?? 0, number), name)
}

const counters: Table<number> = table('counter', v.pipe(v.number(), v.safeInteger(), v.minValue(0)))
