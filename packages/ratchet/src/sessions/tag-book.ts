/**
 * The tag index over a store: made when it is first asked for, moved on with each session, and put right after a
 * transaction that failed (spec/session.md, "One transaction").
 */
import type { StoreReader } from '@hyphae/core'
import { createTagIndex, placeName, type SessionPlace, type TagIndex } from './tag-index.js'
import type { Passage, SessionTransaction } from './transaction.js'

export interface Expected {
  readonly place: SessionPlace
  readonly tags: readonly Uint8Array[]
}

export interface TagBook {
  /** Sessions that may expect this frame. The first call reads all sessions. */
  find(tx: SessionTransaction, passage: Passage, frame: Uint8Array): Promise<readonly SessionPlace[]>
  /** In this transaction the session moves, and expects `tags()` from then on. */
  move(tx: SessionTransaction, passage: Passage, place: SessionPlace, tags: () => readonly Uint8Array[]): void
  remove(place: SessionPlace): void
  /** The store was written by another: what was known is void. */
  forget(): void
}

export interface TagSource {
  all(reader: StoreReader): Promise<readonly Expected[]>
  /** Undefined when the session is not there. */
  one(reader: StoreReader, place: SessionPlace): Promise<readonly Uint8Array[] | undefined>
}

export function createTagBook(source: TagSource): TagBook {
  let index: TagIndex | null = null
  /** Sessions whose last move may have been undone. */
  const doubtful = new Map<string, SessionPlace>()

  const forget = (): void => {
    index = null
  }
  const settleDoubts = async (reader: StoreReader, known: TagIndex): Promise<void> => {
    for (const [name, place] of doubtful) {
      const tags = await source.one(reader, place)
      if (tags === undefined) known.remove(place)
      else known.add(place, tags)
      doubtful.delete(name)
    }
  }
  const made = async (reader: StoreReader): Promise<TagIndex> => {
    const fresh = createTagIndex()
    for (const { place, tags } of await source.all(reader)) fresh.add(place, tags)
    doubtful.clear()
    return fresh
  }

  return {
    find: async (tx, passage, frame) => {
      // What is read here may be this transaction's own writing, and go with it.
      if (index === null || doubtful.size > 0) passage.undone.push(forget)
      index ??= await made(tx)
      await settleDoubts(tx, index)
      return index.find(frame)
    },
    move: (tx, passage, place, tags) => {
      if (index === null) return
      index.add(place, tags())
      passage.undone.push(() => doubtful.set(placeName(place), place))
      tx.after(() => index?.settle(place))
    },
    remove: (place) => index?.remove(place),
    forget,
  }
}
