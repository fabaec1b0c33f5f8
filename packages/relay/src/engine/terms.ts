/** Terms of boxes in the embedded engine. spec/relay.md section 3.1. */
import type { BoxTerms } from '@hyphae/transport-relay/wire'
import { MAX_CACHED_TERMS, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { appendDue, type Due, moveDue } from './due.js'
import { refuse, type Verdict } from './engine.js'
import { boxName, readSeq, TERMS_RANGE, termsKey, writeSeq } from './keys.js'

const VALUE_BYTES = 47
const KEY_AT = 15

function encode(until: number, { accepts, workBits, quota, capabilityKey }: BoxTerms): Buffer {
  const value = Buffer.allocUnsafe(VALUE_BYTES)
  writeSeq(value, 0, until)
  value.writeUInt16LE(accepts, 8)
  value[10] = workBits
  value.writeUInt32LE(quota, 11)
  value.set(capabilityKey, KEY_AT)
  return value
}

function decode(value: Uint8Array): BoxTerms {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  return {
    accepts: view.getUint16(8, true),
    workBits: view.getUint8(10),
    quota: view.getUint32(11, true),
    capabilityKey: value.slice(KEY_AT),
  }
}

/**
 * Which boxes may have terms, and those that were asked for last: a put to a box without any reads nothing, and puts
 * that come while one reads wait for the same read, so that they stay in order.
 */
export interface TermsCache {
  /** False: the box has none, for certain. */
  mayHave(box: Uint8Array): boolean
  note(box: Uint8Array): void
  /** Undefined: not known; null: the box has none. */
  get(box: string): BoxTerms | null | undefined
  set(box: string, terms: BoxTerms | null): void
  readonly reading: Map<string, Promise<BoxTerms | undefined>>
}

/** Ids are keys and so already random: four places of three bytes each. */
const PLACES = [0, 3, 6, 9]
const PLACE_BITS = 23

function placeOf(box: Uint8Array, at: number): number {
  const word = (box[at] as number) | ((box[at + 1] as number) << 8) | ((box[at + 2] as number) << 16)
  return word & (2 ** PLACE_BITS - 1)
}

/** Bits of one MiB: with a million boxes that have terms, two of a hundred others are read for nothing. */
function createFilter(): Pick<TermsCache, 'mayHave' | 'note'> {
  const bits = new Uint32Array(2 ** (PLACE_BITS - 5))
  const has = (place: number): boolean => ((bits[place >>> 5] as number) & (1 << (place & 31))) !== 0
  let any = false
  return {
    // Most relays have no box with terms at all.
    mayHave: (box) => any && PLACES.every((at) => has(placeOf(box, at))),
    note: (box) => {
      any = true
      for (const at of PLACES) {
        const place = placeOf(box, at)
        bits[place >>> 5] = (bits[place >>> 5] as number) | (1 << (place & 31))
      }
    },
  }
}

/** Knows which boxes have terms in this database. */
export async function loadTermsCache(database: Database): Promise<TermsCache> {
  const held = new Map<string, BoxTerms | null>()
  const filter = createFilter()
  for await (const key of database.keys(TERMS_RANGE)) filter.note(key.subarray(1))
  return {
    ...filter,
    reading: new Map(),
    get: (box) => held.get(box),
    set: (box, terms) => {
      held.delete(box)
      held.set(box, terms)
      if (held.size > MAX_CACHED_TERMS) held.delete(held.keys().next().value as string)
    },
  }
}

async function lookUp(
  database: Database,
  cache: TermsCache,
  box: Uint8Array,
  name: string,
): Promise<BoxTerms | undefined> {
  const [value] = await database.getMany([termsKey(box)])
  // Set while this was being read: newer than what was read.
  const meanwhile = cache.get(name)
  if (meanwhile !== undefined) return meanwhile ?? undefined
  const terms = value === undefined ? undefined : decode(value)
  cache.set(name, terms ?? null)
  return terms
}

export function readTerms(
  database: Database,
  cache: TermsCache,
  box: Uint8Array,
): BoxTerms | undefined | Promise<BoxTerms | undefined> {
  if (!cache.mayHave(box)) return undefined
  const name = boxName(box)
  const known = cache.get(name)
  if (known !== undefined) return known ?? undefined
  const reading = cache.reading.get(name) ?? lookUp(database, cache, box, name)
  cache.reading.set(name, reading)
  const done = (): void => {
    cache.reading.delete(name)
  }
  reading.then(done, done)
  return reading
}

export function setTermsJob(
  box: Uint8Array,
  terms: BoxTerms,
  limits: RelayLimits,
  now: number,
  cache: TermsCache,
): Job<Verdict> {
  const key = termsKey(box)
  const name = boxName(box)
  const run = (batch: Batch): Verdict => {
    const { counters } = batch
    const until = now + limits.termsLifeMs
    if (batch.known(key) === undefined) {
      if (!hasRoom(counters, VALUE_BYTES, limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
      counters.bytes += VALUE_BYTES
      appendDue(batch, 'terms', until, box)
    }
    cache.note(box)
    const value = encode(until, terms)
    batch.put(key, value)
    batch.afterwards(() => cache.set(name, decode(value)))
    return null
  }
  return { reads: [key], bytes: VALUE_BYTES, run }
}

/** Drops terms that were not set again since. */
export async function expireTerms(batch: Batch, due: Due, now: number, cache: TermsCache): Promise<boolean> {
  const key = termsKey(due.name)
  const value = await batch.get(key)
  if (value === undefined) return true
  const until = readSeq(value, 0)
  if (until > now) {
    moveDue(batch, due, until)
    return false
  }
  batch.counters.bytes -= VALUE_BYTES
  batch.del(key)
  const name = boxName(due.name)
  batch.afterwards(() => cache.set(name, null))
  return true
}
