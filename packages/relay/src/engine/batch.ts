/** One batch being built: reads that see its own writes, and what happens in memory once it is durable. */
import type { Counters } from './counters.js'
import type { Database, Stage } from './database.js'
import { addDue, clearPages, type DuePages, finishPages } from './due-page.js'
import { nameOf, type RowName } from './keys.js'

export interface Batch {
  /** A copy: it replaces the engine's when the batch is durable. */
  readonly counters: Counters
  /** Frames this batch adds to a box, by box name. */
  readonly added: Map<string, number>
  /** A key that was prefetched or written by this batch. */
  known(key: Uint8Array): Uint8Array | undefined
  /** True when this batch deletes the key. */
  isDeleted(key: Uint8Array): boolean
  /** True when this batch deletes the frame at this position. */
  isFrameDeleted(seq: number): boolean
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Keys and values are copied at once, except that `known` and `get` return this `value` itself. */
  put(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
  /** A write that no job of this batch reads. */
  append(key: Uint8Array, value: Uint8Array): void
  /** The same under a key that was never used before. */
  create(key: Uint8Array, value: Uint8Array): void
  /** Notes when a new frame is looked at, and when it goes. */
  due(at: number, end: number, seq: number, box: Uint8Array, id: Uint8Array): void
  /** Runs after the batch is durable and before anyone is answered. */
  afterwards(effect: () => void): void
}

export interface OpenBatch extends Batch {
  readonly effects: (() => void)[]
  /** Stages what was gathered. Call it once, when all jobs have run. */
  finish(): void
  prefetch(keys: readonly Uint8Array[]): Promise<void>
}

/** `pages` is one batch's at a time. */
export function openBatch(database: Database, stage: Stage, counters: Counters, pages: DuePages): OpenBatch {
  clearPages(pages)
  const seen = new Map<RowName, Uint8Array | undefined>()
  const effects: (() => void)[] = []
  const deletes = (name: RowName): boolean => seen.get(name) === undefined && seen.has(name)
  return {
    counters,
    effects,
    added: new Map(),
    known: (key) => seen.get(nameOf(key)),
    isDeleted: (key) => deletes(nameOf(key)),
    isFrameDeleted: deletes,
    get: async (key) => {
      const name = nameOf(key)
      if (!seen.has(name)) seen.set(name, (await database.getMany([key]))[0])
      return seen.get(name)
    },
    prefetch: async (keys) => {
      const values = await database.getMany(keys)
      keys.forEach((key, i) => {
        seen.set(nameOf(key), values[i])
      })
    },
    put: (key, value) => {
      seen.set(nameOf(key), value)
      stage.put(key, value)
    },
    del: (key) => {
      seen.set(nameOf(key), undefined)
      stage.del(key)
    },
    append: stage.put,
    create: stage.fresh,
    due: (at, end, seq, box, id) => addDue(pages, at, end, seq, box, id, stage.loose),
    finish: () => finishPages(pages, stage.loose),
    afterwards: (effect) => {
      effects.push(effect)
    },
  }
}
