/** Which boxes want to be woken, by which token at which gateway: durable, and in memory by name. */
import type { Clock, Store } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import { refuse } from '../engine/engine.js'
import { boxName } from '../engine/keys.js'
import { MAX_PUSH_BOXES, PUSH_LIFE_MS } from '../limits.js'
import { deleteOld, deleteRow, putRow, type Registration, readOrder, readRow } from './rows.js'

export interface Registry {
  has(box: string): boolean
  get(box: string): Promise<Registration | undefined>
  set(box: Uint8Array, registration: Registration): Promise<Verdict>
  drop(box: string): Promise<void>
  /** Forgets what was not renewed. */
  sweep(): Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000

function boxOf(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(name, 'latin1'))
}

/** The place after the last. */
async function readNames(store: Store, found: (box: Uint8Array) => void): Promise<number> {
  let next = 0
  for (;;) {
    const page = await readOrder(store, next)
    for (const { box } of page) found(box)
    const last = page.at(-1)
    if (last === undefined) return next
    next = last.place + 1
  }
}

/** Removes what was last renewed before `oldest`, a page at a time: what is old comes first. */
async function removeOld(store: Store, oldest: number, removed: (box: string) => void): Promise<void> {
  for (;;) {
    const page = await readOrder(store, 0)
    const old = page.filter(({ day }) => day < oldest)
    if (old.length === 0) return
    const gone = await store.transact(async (tx) => {
      const names: string[] = []
      for (const renewal of old) if (await deleteOld(tx, renewal)) names.push(boxName(renewal.box))
      return names
    })
    gone.forEach(removed)
    if (old.length < page.length) return
  }
}

export async function openRegistry(
  store: Store,
  clock: Clock,
  added: (box: Uint8Array) => void,
): Promise<Registry> {
  const names = new Set<string>()
  const today = (): number => Math.floor(clock.now() / DAY_MS)
  let next = await readNames(store, (box) => {
    names.add(boxName(box))
    added(box)
  })
  return {
    has: (box) => names.has(box),
    get: (box) => readRow(store, boxOf(box)),
    set: async (box, registration) => {
      const name = boxName(box)
      if (!names.has(name) && names.size >= MAX_PUSH_BOXES) return refuse('limit')
      const renewal = { box, place: next++, day: today() }
      await store.transact((tx) => putRow(tx, renewal, registration))
      if (!names.has(name)) added(box)
      names.add(name)
      return null
    },
    drop: async (box) => {
      if (!names.has(box)) return
      await store.transact((tx) => deleteRow(tx, boxOf(box)))
      // After what was set before it, in the order in which they were stored.
      names.delete(box)
    },
    sweep: () => removeOld(store, today() - PUSH_LIFE_MS / DAY_MS, (box) => names.delete(box)),
  }
}
