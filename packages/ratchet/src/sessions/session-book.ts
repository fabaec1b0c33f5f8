/** The rows of sessions: read through the cache, written through it, and found by tag. Decides nothing. */
import { type StoreReader, toHex } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { expectedTags } from '../locate.js'
import type { PostQuantum } from '../post-quantum.js'
import { createSessionCache } from './session-cache.js'
import { decodeRow, type SessionRow } from './session-row.js'
import type { Tables } from './tables.js'
import { createTagBook, type TagBook } from './tag-book.js'
import { placeName } from './tag-index.js'
import type { Passage, SessionTransaction } from './transaction.js'

export interface PlacedRow {
  readonly id: string
  readonly row: SessionRow
}

export interface SessionBook extends Pick<TagBook, 'find'> {
  get(reader: StoreReader, device: string, id: string): Promise<SessionRow | undefined>
  /** All sessions with a device, in no order. */
  list(reader: StoreReader, device: string): Promise<PlacedRow[]>
  /** All sessions there are, in no order; nothing of them is remembered. */
  all(reader: StoreReader): Promise<(PlacedRow & { readonly device: string })[]>
  put(tx: SessionTransaction, passage: Passage, device: string, row: SessionRow): void
  delete(tx: SessionTransaction, device: string, id: string): void
  /** The store was written by another: what was known of tags is void. */
  forgetTags(): void
}

export interface BookOptions {
  readonly crypto: SessionCrypto
  readonly pq: { readonly pq?: PostQuantum }
  readonly tables: Tables
}

export const idOf = (row: SessionRow): string => toHex(row.session.id)

export function createSessionBook({ crypto, pq, tables }: BookOptions): SessionBook {
  const cache = createSessionCache((stored) => decodeRow(crypto, stored, pq))
  const tagsOf = (row: SessionRow): Uint8Array[] => expectedTags(row.session, crypto)

  const get: SessionBook['get'] = async (reader, device, id) => {
    const stored = await reader.get(tables.session(device, id))
    return stored === undefined ? undefined : cache.decode(placeName({ device, id }), stored)
  }
  const all: SessionBook['all'] = async (reader) => {
    const entries = await reader.list(tables.session())
    return entries.map(({ key, value }) => ({
      device: String(key[1]),
      id: String(key[2]),
      row: decodeRow(crypto, value, pq),
    }))
  }
  const tags = createTagBook({
    all: async (reader) =>
      (await all(reader)).map(({ device, id, row }) => ({ place: { device, id }, tags: tagsOf(row) })),
    one: async (reader, { device, id }) => {
      const row = await get(reader, device, id)
      return row && tagsOf(row)
    },
  })

  return {
    get,
    all,
    list: async (reader, device) => {
      const entries = await reader.list(tables.session(device))
      return entries.map(({ key, value }) => {
        const id = String(key[2])
        return { id, row: cache.decode(placeName({ device, id }), value) }
      })
    },
    put: (tx, passage, device, row) => {
      const place = { device, id: idOf(row) }
      tx.put(tables.session(device, place.id), cache.encode(placeName(place), row))
      tags.move(tx, passage, place, () => tagsOf(row))
    },
    delete: (tx, device, id) => {
      tx.delete(tables.session(device, id))
      tx.after(() => {
        cache.forget(placeName({ device, id }))
        tags.remove({ device, id })
      })
    },
    find: tags.find,
    forgetTags: tags.forget,
  }
}
