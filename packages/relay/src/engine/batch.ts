/** One batch being built: reads that see its own writes, and what happens in memory once it is durable. */
import type { Counters } from './counters.js'
import type { Database, Write } from './database.js'
import { binary } from './keys.js'

export interface Batch {
  /** A copy: it replaces the engine's when the batch is durable. */
  readonly counters: Counters
  /** Frames this batch adds to a box, by box name. */
  readonly added: Map<string, number>
  /** A key that was prefetched or written by this batch. */
  known(key: Uint8Array): Uint8Array | undefined
  /** True when this batch deletes the key. */
  isDeleted(key: Uint8Array): boolean
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  put(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
  /** A write that no job of this batch reads. */
  append(key: Uint8Array, value: Uint8Array): void
  /** The same under a key that was never used before. */
  create(key: Uint8Array, value: Uint8Array): void
  /** Runs after the batch is durable and before anyone is answered. */
  afterwards(effect: () => void): void
}

export interface OpenBatch extends Batch {
  readonly writes: Write[]
  readonly effects: (() => void)[]
  prefetch(keys: readonly Uint8Array[]): Promise<void>
}

export function openBatch(database: Database, counters: Counters): OpenBatch {
  const seen = new Map<string, Uint8Array | undefined>()
  const writes: Write[] = []
  const effects: (() => void)[] = []
  return {
    counters,
    writes,
    effects,
    added: new Map(),
    known: (key) => seen.get(binary(key)),
    isDeleted: (key) => {
      const name = binary(key)
      return seen.has(name) && seen.get(name) === undefined
    },
    get: async (key) => {
      const name = binary(key)
      if (!seen.has(name)) seen.set(name, (await database.getMany([key]))[0])
      return seen.get(name)
    },
    prefetch: async (keys) => {
      if (keys.length === 0) return
      const values = await database.getMany(keys)
      keys.forEach((key, i) => {
        seen.set(binary(key), values[i])
      })
    },
    put: (key, value) => {
      seen.set(binary(key), value)
      writes.push({ type: 'put', key, value })
    },
    del: (key) => {
      seen.set(binary(key), undefined)
      writes.push({ type: 'del', key })
    },
    append: (key, value) => {
      writes.push({ type: 'put', key, value })
    },
    create: (key, value) => {
      writes.push({ type: 'fresh', key, value })
    },
    afterwards: (effect) => {
      effects.push(effect)
    },
  }
}
