/**
 * The limit of stored bytes for engines that share their state: nothing new beyond it. spec/relay-engines.md section 1.
 *
 * What is stored is counted now and then; in between, what this relay lets in is added to the last count. Other
 * relays' changes are seen at the next count, so the limit is passed by what all of them take in until then.
 */
import { systemClock } from '@hyphae/core'
import { STORAGE_RETRY_MS } from '../limits.js'
import { type Refusal, type RelayEngine, refuse } from './engine.js'
import { rowsUnreachable, type ServiceRows } from './rows.js'

export interface RoomOptions {
  /** Bytes stored now. */
  count(): Promise<number>
  /** Bytes that may be stored. */
  readonly most: number
  /** A count is good for so long, in ms. */
  readonly ageMs: number
}

export interface Room {
  /** Counts, unless that was just done. A count that fails leaves what was known. */
  look(): Promise<void>
  /** True: so many bytes more may be stored, and are taken as stored. */
  take(bytes: number): boolean
}

/** Counting takes at most this part of the store's time, also where it has to read everything. */
const COUNTING_SHARE = 1 / 20

/** Names, times and places that are stored with a value, in bytes: a guess, until the next count. */
const ENTRY_BYTES = 64

export function createRoom({ count, most, ageMs }: RoomOptions): Room {
  let counted = 0
  let added = 0
  let due = Number.NEGATIVE_INFINITY
  let counting: Promise<void> | undefined
  const run = async (): Promise<void> => {
    const begun = systemClock.now()
    const before = added
    try {
      counted = await count()
      // What came while it counted may not be in it.
      added -= before
    } catch {
      // A store that cannot be asked does not take much either.
    }
    const now = systemClock.now()
    due = now + Math.max(ageMs, (now - begun) / COUNTING_SHARE)
    counting = undefined
  }
  const look = (): Promise<void> => {
    if (counting === undefined && systemClock.now() >= due) counting = run()
    return counting ?? Promise.resolve()
  }
  return {
    look,
    take: (bytes) => {
      look().catch(() => {})
      const wanted = bytes + ENTRY_BYTES
      if (counted + added + wanted > most) return false
      added += wanted
      return true
    },
  }
}

function lengthOf(items: readonly Uint8Array[]): number {
  return items.reduce((sum, item) => sum + item.length, 0)
}

/** The engine, but what adds to it is refused when there is no room. Acknowledging and taking never are. */
export function bounded(engine: RelayEngine, room: Room): RelayEngine {
  const within = <T>(bytes: number, work: () => Promise<T>): Promise<T | Refusal> =>
    room.take(bytes) ? work() : Promise.resolve(refuse('storage-failed', STORAGE_RETRY_MS))
  const { rows } = engine
  const bounds = (all: ServiceRows): ServiceRows => ({
    ...all,
    put: (key, value, version, until) => {
      if (!room.take(key.length + value.length)) return Promise.reject(rowsUnreachable())
      return all.put(key, value, version, until)
    },
  })
  return {
    ...engine,
    ...(rows !== undefined && { rows: bounds(rows) }),
    put: (box, id, frame, options) => within(frame.length, () => engine.put(box, id, frame, options)),
    setTerms: (box, terms) => within(0, () => engine.setTerms(box, terms)),
    append: (log, position, entry, ttl) =>
      within(entry.length, () => engine.append(log, position, entry, ttl)),
    publish: (record) => within(record.body.length, () => engine.publish(record)),
    stock: (upload) => within(lengthOf(upload.items) + upload.lastResort.length, () => engine.stock(upload)),
    putBlob: (hash, data) => within(data.length, () => engine.putBlob(hash, data)),
  }
}
