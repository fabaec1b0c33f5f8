/**
 * Logs that grow by compare-and-swap: one message an entry, placed behind the last one by its sequence.
 * spec/relay.md section 3.4, spec/relay-engines.md section 2.3.
 *
 * Where the entries lie is held in memory for the logs asked for last; it is read on from the log's end each time.
 */
import { type Clock, equalBytes } from '@hyphae/core'
import { MAX_LOG_PAGE_BYTES, type TtlClass } from '@hyphae/transport-relay/wire'
import type { RelayLimits } from '../../limits.js'
import { classMs, endOf, type Random } from '../due.js'
import type { LogConflict, LogPage, Verdict } from '../engine.js'
import { boxName } from '../keys.js'
import type { JetStream } from './jetstream.js'
import { MAX_CACHED_LOGS, MAX_SWAPS } from './limits.js'
import type { Subjects } from './names.js'
import { unreachable } from './requests.js'

export interface LogContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly limits: RelayLimits
  readonly random: Random
  readonly clock: Clock
}

export interface Logs {
  append(log: Uint8Array, position: number, entry: Uint8Array, ttl: TtlClass): Promise<LogConflict | Verdict>
  entries(log: Uint8Array, from: number, limit: number): Promise<LogPage>
  /** Removes logs whose time is over. */
  sweep(signal: AbortSignal): Promise<void>
}

interface Place {
  readonly position: number
  readonly seq: number
  readonly length: number
}

interface Known {
  readonly subject: string
  /** Sequence of the last message read. */
  last: number
  until: number
  places: Place[]
}

const HEADER_BYTES = 16

/** position u64 | until u64 | entry */
function encode(position: number, until: number, entry: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + entry.length)
  bytes.writeBigUInt64LE(BigInt(position), 0)
  bytes.writeBigUInt64LE(BigInt(until), 8)
  bytes.set(entry, HEADER_BYTES)
  return bytes
}

function untilOf(data: Uint8Array): number {
  return Number(Buffer.from(data.buffer, data.byteOffset, data.byteLength).readBigUInt64LE(8))
}

function note(known: Known, seq: number, data: Uint8Array): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const position = Number(bytes.readBigUInt64LE(0))
  const before = known.places.at(-1)
  // A log that ended begins again at 0.
  if (before !== undefined && position !== before.position + 1) known.places = []
  known.places.push({ position, seq, length: data.length - HEADER_BYTES })
  known.until = Number(bytes.readBigUInt64LE(8))
  known.last = seq
}

async function refresh({ js, names }: LogContext, known: Known): Promise<void> {
  for await (const { seq, data } of js.read(names.logs, known.subject, known.last + 1))
    if (seq > known.last) note(known, seq, data)
}

function nextOf({ places, until }: Known, now: number): number {
  const last = places.at(-1)
  return last === undefined || until <= now ? 0 : last.position + 1
}

/** The oldest entry that the limits leave. */
function firstKept({ places }: Known, { logEntries, logBytes }: RelayLimits): Place | undefined {
  let bytes = 0
  for (let i = places.length - 1; i >= 0; i--) {
    bytes += (places[i] as Place).length
    if (places.length - i > logEntries || bytes > logBytes) return places[i + 1] ?? places[i]
  }
  return places[0]
}

/** What is too old in a log is no more there for its readers; the servers drop it when they come to it. */
async function trim({ js, names, limits }: LogContext, known: Known): Promise<void> {
  const first = firstKept(known, limits)
  if (first === undefined || first === known.places[0]) return
  known.places = known.places.filter(({ seq }) => seq >= first.seq)
  await js.purge(names.logs, known.subject, first.seq).catch(() => {})
}

async function entryAt({ js, names }: LogContext, place: Place | undefined): Promise<Uint8Array | undefined> {
  if (place === undefined) return undefined
  return (await js.at(names.logs, place.seq))?.subarray(HEADER_BYTES)
}

async function append(
  context: LogContext,
  known: Known,
  position: number,
  entry: Uint8Array,
  ttl: TtlClass,
): Promise<LogConflict | Verdict> {
  const { js, limits, random, clock, names } = context
  for (let swap = 0; swap < MAX_SWAPS; swap++) {
    await refresh(context, known)
    const now = clock.now()
    const next = nextOf(known, now)
    if (position !== next) {
      const place = next === 0 ? undefined : known.places.find((one) => one.position === position)
      const there = await entryAt(context, place)
      return there !== undefined && equalBytes(there, entry) ? null : { next, entry: there }
    }
    const end = endOf(now, classMs(ttl, limits), limits, random)
    const data = encode(position, next === 0 ? end : Math.max(known.until, end), entry)
    const answer = await js.publish(known.subject, data, known.last)
    if (answer.kind === 'conflict') {
      // Shorter than it was: it ended and was removed.
      if (answer.last < known.last) Object.assign(known, { last: 0, until: 0, places: [] })
      continue
    }
    if (answer.seq > known.last) note(known, answer.seq, data)
    if (position === 0) await js.purge(names.logs, known.subject, answer.seq).catch(() => {})
    await trim(context, known)
    return null
  }
  throw unreachable()
}

async function page(context: LogContext, known: Known, from: number, limit: number): Promise<LogPage> {
  await refresh(context, known)
  await trim(context, known)
  const next = nextOf(known, context.clock.now())
  if (next === 0) return { from: 0, next: 0, entries: [] }
  const begin = Math.min(Math.max(from, known.places[0]?.position ?? 0), next)
  const wanted: Place[] = []
  let bytes = 0
  for (const place of known.places) {
    if (place.position < begin) continue
    bytes += place.length
    if (wanted.length === limit || (bytes > MAX_LOG_PAGE_BYTES && wanted.length > 0)) break
    wanted.push(place)
  }
  const found = await Promise.all(wanted.map((place) => entryAt(context, place)))
  const missing = found.indexOf(undefined)
  // Trimmed by another relay while it was being read: the reader asks again from where it was.
  const entries = (missing < 0 ? found : found.slice(0, missing)) as Uint8Array[]
  return { from: begin, next, entries }
}

async function sweep(context: LogContext, signal: AbortSignal): Promise<void> {
  const { js, names, clock } = context
  const subjects = await js.subjects(names.logs, names.log('*'))
  for (const subject of subjects.keys()) {
    if (signal.aborted) return
    const last = await js.last(names.logs, subject)
    if (last !== undefined && untilOf(last.data) <= clock.now())
      await js.purge(names.logs, subject, last.seq + 1)
  }
}

export function createLogs(context: LogContext): Logs {
  const held = new Map<string, Known>()
  const find = (log: Uint8Array): Known => {
    const name = boxName(log)
    const known = held.get(name) ?? { subject: context.names.log(log), last: 0, until: 0, places: [] }
    held.delete(name)
    held.set(name, known)
    if (held.size > MAX_CACHED_LOGS) held.delete(held.keys().next().value as string)
    return known
  }
  return {
    append: (log, position, entry, ttl) => append(context, find(log), position, entry, ttl),
    entries: (log, from, limit) => page(context, find(log), from, limit),
    sweep: (signal) => sweep(context, signal),
  }
}
