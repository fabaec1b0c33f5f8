/** Terms of boxes in the embedded engine. spec/relay.md section 3.1. */
import type { BoxTerms } from '@hyphae/transport-relay/wire'
import { MAX_CACHED_TERMS, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import type { Database } from './database.js'
import { appendDue, type Due, moveDue } from './due.js'
import { refuse, type Verdict } from './engine.js'
import { boxName, readSeq, termsKey, writeSeq } from './keys.js'

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

/** Those asked for last, so that most puts wait for no read. */
export interface TermsCache {
  /** Undefined: not known; null: the box has none. */
  get(box: string): BoxTerms | null | undefined
  set(box: string, terms: BoxTerms | null): void
}

export function createTermsCache(): TermsCache {
  const held = new Map<string, BoxTerms | null>()
  return {
    get: (box) => held.get(box),
    set: (box, terms) => {
      held.delete(box)
      held.set(box, terms)
      if (held.size > MAX_CACHED_TERMS) held.delete(held.keys().next().value as string)
    },
  }
}

export function readTerms(
  database: Database,
  cache: TermsCache,
  box: Uint8Array,
): BoxTerms | undefined | Promise<BoxTerms | undefined> {
  const name = boxName(box)
  const known = cache.get(name)
  if (known !== undefined) return known ?? undefined
  return database.getMany([termsKey(box)]).then(([value]) => {
    // Set while this was being read: newer than what was read.
    const meanwhile = cache.get(name)
    if (meanwhile !== undefined) return meanwhile ?? undefined
    const terms = value === undefined ? undefined : decode(value)
    cache.set(name, terms ?? null)
    return terms
  })
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
      if (counters.bytes + VALUE_BYTES > limits.storedBytes) return refuse('storage-failed', STORAGE_RETRY_MS)
      counters.bytes += VALUE_BYTES
      appendDue(batch, 'terms', until, box)
    }
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
