/** One batch being built: reads that see its own writes, and what happens in memory once it is durable. */
import type { Counters } from './counters.js'
import type { Database, Stage } from './database.js'
import { addDue, clearPages, type DuePages, finishPages } from './due-page.js'
import { nameOf, type Slot } from './keys.js'

/** What happens in memory once the batch is durable. */
export interface Effect {
  durable(): void
}

export interface Batch {
  /** A copy: it replaces the engine's when the batch is durable. */
  readonly counters: Counters
  /** Frames this batch adds to a box, by box name. */
  readonly added: Map<string, number>
  /** A key that was prefetched or written by this batch. */
  known(key: Uint8Array): Uint8Array | undefined
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Keys and values are copied at once, except that `known` and `get` return this `value` itself. */
  put(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
  /** A write that no job of this batch reads. */
  append(key: Uint8Array, value: Uint8Array): void
  putId(box: Uint8Array, id: Uint8Array): void
  /** True when this batch has put the id. */
  putsId(box: Uint8Array, id: Uint8Array): boolean
  putFrame(box: Uint8Array, place: Slot, frame: Uint8Array): void
  dropFrame(box: Uint8Array, place: Slot): void
  /** Up to which position this batch has dropped all frames of a box, by box name. */
  readonly droppedUpTo: Map<string, number>
  /** Positions of frames that this batch has dropped from between others. */
  readonly dropped: Set<number>
  /** Notes when a new frame is looked at, and when it goes. */
  due(at: number, end: number, seq: number, box: Uint8Array, id: Uint8Array): void
  /** Runs after the batch is durable and before anyone is answered. */
  afterwards(effect: () => void): void
  /** The same, for what happens with each frame: an object that is there is cheaper than a function made for it. */
  whenDurable(effect: Effect): void
}

export interface OpenBatch extends Batch {
  readonly effects: Effect[]
  /** Stages what was gathered. Call it once, when all jobs have run. */
  finish(): void
  prefetch(keys: readonly Uint8Array[]): Promise<void>
}

/** `pages` is one batch's at a time. */
export function openBatch(database: Database, stage: Stage, counters: Counters, pages: DuePages): OpenBatch {
  clearPages(pages)
  const seen = new Map<string, Uint8Array | undefined>()
  const effects: Effect[] = []
  return {
    counters,
    effects,
    added: new Map(),
    droppedUpTo: new Map(),
    dropped: new Set(),
    known: (key) => seen.get(nameOf(key)),
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
    putId: stage.id,
    putsId: stage.putsId,
    putFrame: stage.frame,
    dropFrame: stage.dropFrame,
    due: (at, end, seq, box, id) => addDue(pages, at, end, seq, box, id, stage.loose),
    finish: () => finishPages(pages, stage.loose),
    afterwards: (effect) => {
      effects.push({ durable: effect })
    },
    whenDurable: (effect) => {
      effects.push(effect)
    },
  }
}
