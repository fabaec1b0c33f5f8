/**
 * The disk of a simulated node: a Store whose content outlives the lives of its node, can be set back to an
 * earlier image, and can end a life right before or after a commit.
 */
import type { ListOptions, Store, StoreEntry, StoreKey, StoreReader, StoreTransaction } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import type { Timer } from '../timeline.js'
import { copyKey, encodeKey, isBelow, isFrom } from './disk-key.js'

/** What a disk held at one moment. */
export type DiskImage = ReadonlyMap<string, StoreEntry>

export type CrashSide = 'before' | 'after'

export interface SimulatedDisk {
  /** A store on this disk that does nothing any more once `alive` says so. */
  open(alive: () => boolean, after: (ms: number, run: () => void) => Timer): Store
  /** How many transactions have been committed. */
  commits(): number
  image(): DiskImage
  /** What a restored backup or a cloned device is: the content of another time. */
  restore(image: DiskImage): void
  /** Calls `crash` at the `count`-th commit from now, before it is written or after; 0 calls it off. */
  crashAt(count: number, side: CrashSide): void
}

type Changes = Map<string, StoreEntry | undefined>

interface DiskState {
  entries: Map<string, StoreEntry>
  commits: number
  crashIn: number
  crashSide: CrashSide
}

export function simulatedDisk(commitMs: number, crash: () => void): SimulatedDisk {
  const state: DiskState = { entries: new Map(), commits: 0, crashIn: 0, crashSide: 'before' }
  const apply = (changes: Changes): void => {
    for (const [name, entry] of changes)
      if (entry === undefined) state.entries.delete(name)
      else state.entries.set(name, entry)
    state.commits += 1
  }
  const commit = (changes: Changes): void => {
    const crashes = state.crashIn > 0 && --state.crashIn === 0
    if (crashes && state.crashSide === 'before') crash()
    else apply(changes)
    if (crashes && state.crashSide === 'after') crash()
  }
  return {
    open: (alive, after) => openDisk(state, { commit, alive, after, commitMs }),
    commits: () => state.commits,
    image: () => new Map(state.entries),
    restore: (image) => {
      state.entries = new Map(image)
    },
    crashAt: (count, side) => {
      state.crashIn = count
      state.crashSide = side
    },
  }
}

interface DiskHandle {
  readonly commitMs: number
  commit(changes: Changes): void
  alive(): boolean
  after(ms: number, run: () => void): Timer
}

function openDisk(state: DiskState, { commit, alive, after, commitMs }: DiskHandle): Store {
  let closed = false
  let last: Promise<unknown> = Promise.resolve()
  const ready = async (): Promise<void> => {
    if (!alive()) await new Promise(() => {})
    if (closed) throw new TestkitError('testkit/closed')
  }
  const reader = readerOf(() => state.entries, ready)

  const transact = async <T>(work: (tx: StoreTransaction) => Promise<T> | T): Promise<T> => {
    const changes: Changes = new Map()
    let over = false
    const open = (): void => {
      if (over) throw new TestkitError('testkit/closed')
    }
    const view = (): Map<string, StoreEntry> => merged(state.entries, changes)
    const inside = readerOf(view, async () => open())
    try {
      const result = await work({
        ...inside,
        put: (key, value) => {
          open()
          changes.set(encodeKey(key), { key: copyKey(key), value: value.slice() })
        },
        delete: (key) => {
          open()
          changes.set(encodeKey(key), undefined)
        },
      })
      if (commitMs > 0) await new Promise<void>((resolve) => after(commitMs, resolve))
      if (alive()) commit(changes)
      return alive() ? result : await new Promise<never>(() => {})
    } finally {
      over = true
    }
  }
  const close = async (): Promise<void> => {
    closed = true
    await last
  }
  return {
    ...reader,
    transact: async (work) => {
      await ready()
      const next = last.then(() => transact(work))
      last = next.catch(() => {})
      return next
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function merged(entries: Map<string, StoreEntry>, changes: Changes): Map<string, StoreEntry> {
  if (changes.size === 0) return entries
  const view = new Map(entries)
  for (const [name, entry] of changes)
    if (entry === undefined) view.delete(name)
    else view.set(name, entry)
  return view
}

function readerOf(view: () => Map<string, StoreEntry>, ready: () => Promise<void>): StoreReader {
  return {
    get: async (key) => {
      const name = encodeKey(key)
      await ready()
      return view().get(name)?.value.slice()
    },
    list: async (prefix, options) => {
      const name = encodeKey(prefix)
      await ready()
      return listed(view(), name, prefix, options)
    },
  }
}

function listed(
  view: Map<string, StoreEntry>,
  name: string,
  prefix: StoreKey,
  { from, limit = Number.POSITIVE_INFINITY, reverse = false }: ListOptions = {},
): StoreEntry[] {
  const found: [string, StoreEntry][] = []
  for (const item of view)
    if (isBelow(item[0], name) && (from === undefined || isFrom(item[1].key, prefix.length, from)))
      found.push(item)
  found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  if (reverse) found.reverse()
  return found.slice(0, limit).map(([, { key, value }]) => ({ key: copyKey(key), value: value.slice() }))
}
