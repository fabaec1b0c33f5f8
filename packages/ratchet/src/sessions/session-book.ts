/** The rows of sessions: read through the cache, written through it, and found by tag. Decides nothing. */
import { type StoreReader, toHex } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { expectedTags } from '../locate.js'
import type { PostQuantum } from '../post-quantum.js'
import type { Passage, SessionTransaction } from './gate.js'
import { createSessionCache } from './session-cache.js'
import { decodeRow, type SessionRow } from './session-row.js'
import type { Tables } from './tables.js'
import { createTagIndex, placeName, type SessionPlace, type TagIndex } from './tag-index.js'

export interface PlacedRow {
  readonly id: string
  readonly row: SessionRow
}

export interface SessionBook {
  get(reader: StoreReader, device: string, id: string): Promise<SessionRow | undefined>
  /** All sessions with a device, in no order. */
  list(reader: StoreReader, device: string): Promise<PlacedRow[]>
  /** All sessions there are, in no order; nothing of them is remembered. */
  all(reader: StoreReader): Promise<(PlacedRow & { readonly device: string })[]>
  put(tx: SessionTransaction, passage: Passage, device: string, row: SessionRow): void
  delete(tx: SessionTransaction, device: string, id: string): void
  /** Sessions that may expect this frame. The first call reads all sessions. */
  find(reader: StoreReader, frame: Uint8Array): Promise<readonly SessionPlace[]>
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
  let tags: TagIndex | null = null
  /** Sessions whose last move may have been undone. */
  const doubtful = new Map<string, SessionPlace>()

  const get = async (reader: StoreReader, device: string, id: string): Promise<SessionRow | undefined> => {
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
  const moveTags = (tx: SessionTransaction, passage: Passage, place: SessionPlace, row: SessionRow): void => {
    if (tags === null) return
    tags.add(place, expectedTags(row.session, crypto))
    passage.undone.push(() => doubtful.set(placeName(place), place))
    tx.after(() => tags?.settle(place))
  }
  const settleDoubts = async (reader: StoreReader, index: TagIndex): Promise<void> => {
    for (const [name, place] of doubtful) {
      const row = await get(reader, place.device, place.id)
      if (row === undefined) index.remove(place)
      else index.add(place, expectedTags(row.session, crypto))
      doubtful.delete(name)
    }
  }
  const indexed = async (reader: StoreReader): Promise<TagIndex> => {
    const index = tags ?? createTagIndex()
    if (tags === null) {
      for (const { device, id, row } of await all(reader))
        index.add({ device, id }, expectedTags(row.session, crypto))
      doubtful.clear()
    }
    tags = index
    await settleDoubts(reader, index)
    return index
  }

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
      moveTags(tx, passage, place, row)
    },
    delete: (tx, device, id) => {
      tx.delete(tables.session(device, id))
      tx.after(() => {
        cache.forget(placeName({ device, id }))
        tags?.remove({ device, id })
      })
    },
    find: async (reader, frame) => (await indexed(reader)).find(frame),
    forgetTags: () => {
      tags = null
    },
  }
}
