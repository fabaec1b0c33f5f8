/** Logs that grow by compare-and-swap, in the embedded engine. spec/relay.md section 3.4. */
import { equalBytes } from '@hyphae/core'
import { MAX_LOG_PAGE_BYTES, type TtlClass } from '@hyphae/transport-relay/wire'
import { type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { appendDue, classMs, type Due, endOf, moveDue, type Random } from './due.js'
import { type LogConflict, type LogPage, refuse, type Verdict } from './engine.js'
import { entryKey, logKey, readSeq, writeSeq } from './keys.js'

/** Entries first ≤ n < next are there. */
interface Head {
  readonly first: number
  readonly next: number
  readonly bytes: number
  readonly until: number
}

const HEAD_BYTES = 32
const NONE: Head = { first: 0, next: 0, bytes: 0, until: 0 }

function encode({ first, next, bytes, until }: Head): Buffer {
  const value = Buffer.allocUnsafe(HEAD_BYTES)
  ;[first, next, bytes, until].forEach((field, i) => {
    writeSeq(value, 8 * i, field)
  })
  return value
}

function decode(value: Uint8Array | undefined): Head {
  if (value === undefined) return NONE
  return {
    first: readSeq(value, 0),
    next: readSeq(value, 8),
    bytes: readSeq(value, 16),
    until: readSeq(value, 24),
  }
}

export interface Append {
  readonly log: Uint8Array
  readonly position: number
  readonly entry: Uint8Array
  readonly ttl: TtlClass
}

export interface LogContext {
  readonly limits: RelayLimits
  readonly now: number
  readonly random: Random
}

type Appended = LogConflict | Verdict

export function appendJob(append: Append, context: LogContext): Job<Promise<Appended>> {
  const key = logKey(append.log)
  return { reads: [key], bytes: append.entry.length, run: (batch) => run(batch, key, append, context) }
}

async function run(batch: Batch, key: Uint8Array, append: Append, context: LogContext): Promise<Appended> {
  const { log, position, entry } = append
  const held = batch.known(key)
  const head = decode(held)
  if (position !== head.next) {
    const there = await batch.get(entryKey(log, position))
    if (there !== undefined && equalBytes(there, entry)) return null
    return { next: head.next, entry: there }
  }
  const { limits, now, random } = context
  const { counters } = batch
  const added = entry.length + (held === undefined ? HEAD_BYTES : 0)
  if (!hasRoom(counters, added, limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
  const until = Math.max(head.until, endOf(now, classMs(append.ttl, limits), limits, random))
  if (held === undefined) appendDue(batch, 'log', until, log)
  batch.put(entryKey(log, position), entry)
  counters.bytes += added
  const grown = { ...head, next: position + 1, bytes: head.bytes + entry.length, until }
  batch.put(key, encode(await dropOldest(batch, log, grown, limits)))
  return null
}

/** The newest entry always stays. */
async function dropOldest(batch: Batch, log: Uint8Array, head: Head, limits: RelayLimits): Promise<Head> {
  let { first, bytes } = head
  while (first + 1 < head.next && (head.next - first > limits.logEntries || bytes > limits.logBytes)) {
    bytes -= await drop(batch, log, first)
    first += 1
  }
  return { ...head, first, bytes }
}

/** Bytes of the entry that went. */
async function drop(batch: Batch, log: Uint8Array, position: number): Promise<number> {
  const key = entryKey(log, position)
  const length = (await batch.get(key))?.length ?? 0
  batch.del(key)
  batch.counters.bytes -= length
  return length
}

/** Drops a log to which nothing was appended since. */
export async function expireLog(batch: Batch, due: Due, now: number): Promise<boolean> {
  const key = logKey(due.name)
  const head = decode(await batch.get(key))
  if (head.until > now) {
    moveDue(batch, due, head.until)
    return false
  }
  for (let position = head.first; position < head.next; position++) await drop(batch, due.name, position)
  batch.counters.bytes -= HEAD_BYTES
  batch.del(key)
  return true
}

/** Entries asked for at once: half a megabyte, were all of the largest size. */
const READ_STEP = 8

/**
 * By their keys and not as a range: a range is read from LevelDB alone, so the journal would have to be carried over
 * for each reader.
 */
export async function readEntries(
  database: Pick<Database, 'getMany'>,
  log: Uint8Array,
  from: number,
  limit: number,
): Promise<LogPage> {
  const [value] = await database.getMany([logKey(log)])
  const { first, next } = decode(value)
  let begin = Math.min(Math.max(from, first), next)
  const end = Math.min(next, begin + limit)
  const entries: Uint8Array[] = []
  let bytes = 0
  for (let at = begin; at < end; at += READ_STEP) {
    const places = Array.from({ length: Math.min(READ_STEP, end - at) }, (_, i) => entryKey(log, at + i))
    for (const [i, entry] of (await database.getMany(places)).entries()) {
      // The oldest went while this was read: what is left begins later.
      if (entry === undefined && entries.length === 0) begin = at + i + 1
      bytes += entry?.length ?? 0
      if (entry === undefined && entries.length > 0) return { from: begin, next, entries }
      if (bytes > MAX_LOG_PAGE_BYTES && entries.length > 0) return { from: begin, next, entries }
      if (entry !== undefined) entries.push(entry)
    }
  }
  return { from: begin, next, entries }
}
