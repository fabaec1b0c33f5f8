/**
 * The logs this relay knows at the moment: a cache, filled by reading and kept up to date by what is heard.
 *
 * Those that nobody watches give way when many are known. spec/relay-engines.md section 2.1.
 */
import { systemClock } from '@hyphae/core'
import type { Msg } from '@nats-io/transport-node'
import type { StoredListener } from '../engine.js'
import { type Bucket, createBucket } from './bucket.js'
import { createRecordCache, type RecordCache } from './cache.js'
import { collect } from './collect.js'
import type { JetStream } from './jetstream.js'
import { COLLECT_MS, MAX_CACHED_ENTRIES } from './limits.js'
import type { Subjects } from './names.js'
import { type Change, planChanges, type Queue, sizeOf } from './plans.js'
import { decodeRecord, framesOf, type PutRecord } from './record.js'
import { createRounds, type Rounds } from './rounds.js'
import { cursorOf, weightOf } from './state.js'

export interface BucketsContext {
  readonly js: JetStream
  readonly names: Subjects
  now(): number
  hint: StoredListener
}

export interface Buckets {
  /** By the first bits of the box ids, as hex digits. */
  at(token: string): Bucket
  /** This relay follows it and hears of what is stored in it. */
  has(token: string): boolean
  all(): Iterable<Bucket>
  submit(token: string, change: Change): void
  /** Buckets in use stay known. */
  keep(token: string, wanted: boolean): void
  readonly records: RecordCache
  queuedBytes(): number
  /** Removes what holds nothing any more, now. */
  collect(token: string): Promise<void>
  close(): Promise<void>
}

interface Held {
  readonly bucket: Bucket
  readonly queue: Queue
  driving: Promise<void> | undefined
  weight: number
  wanted: boolean
  deafen(): void
}

interface State {
  readonly context: BucketsContext
  readonly held: Map<string, Held>
  readonly records: RecordCache
  readonly dirty: Set<string>
  readonly rounds: Rounds
  weight: number
  queuedBytes: number
}

/** Those asked for longest ago go first: a map keeps the order of its insertions. */
function evict(state: State): void {
  if (state.weight <= MAX_CACHED_ENTRIES) return
  for (const [token, held] of state.held) {
    if (state.weight <= MAX_CACHED_ENTRIES) return
    if (held.wanted || held.driving !== undefined || held.bucket.busy()) continue
    state.held.delete(token)
    held.deafen()
    state.weight -= held.weight
  }
}

function weigh(state: State, held: Held): void {
  const weight = weightOf(held.bucket.state)
  state.weight += weight - held.weight
  held.weight = weight
}

function applied(
  { context, records }: State,
  seq: number,
  { entries }: PutRecord,
  taken: readonly number[],
  data: Uint8Array,
): void {
  records.add(seq, data)
  const frames = framesOf(data)
  for (const place of taken) {
    const stored = { cursor: cursorOf(seq, place), frame: frames[place] as Uint8Array }
    context.hint((entries[place] as PutRecord['entries'][number]).name, stored)
  }
}

/** Hints for a record of a log whose state this relay does not know. */
export function hintAll(data: Uint8Array, hint: StoredListener): void {
  const record = decodeRecord(data)
  if (record.kind !== 'put') return
  for (const name of new Set(record.entries.map((entry) => entry.name))) hint(name, undefined)
}

function hear(bucket: Bucket, message: Msg, hint: StoredListener): void {
  const seq = Number(message.headers?.get('Nats-Sequence'))
  const previous = Number(message.headers?.get('Nats-Last-Sequence'))
  if (bucket.freshAt() === 0) hintAll(message.data, hint)
  // What could not be read is read at the next look.
  else if (!bucket.hear(seq, previous, message.data)) bucket.refresh().catch(() => {})
}

function create(state: State, token: string): Held {
  const { js, names, hint } = state.context
  const bucket = createBucket(names.bucket(token), names.note(token), {
    js,
    stream: names.mail,
    applied: (seq, record, taken, data) => applied(state, seq, record, taken, data),
    noted: () => state.dirty.add(token),
    found: (boxes) => {
      for (const name of boxes) hint(name, undefined)
    },
  })
  const ear = js.connection.subscribe(names.wake(token), {
    callback: (error, message) => {
      if (error === null) hear(bucket, message, hint)
    },
  })
  const answered = (bytes: number): void => {
    state.queuedBytes -= bytes
  }
  const queue = { changes: [], answered }
  const deafen = (): void => ear.unsubscribe()
  const held: Held = { bucket, queue, driving: undefined, weight: 0, wanted: false, deafen }
  state.held.set(token, held)
  return held
}

async function drive(state: State, held: Held): Promise<void> {
  const { now } = state.context
  const { changes, answered } = held.queue
  while (changes.length > 0) {
    await state.rounds.enter()
    const waiting = changes.length
    try {
      await held.bucket.commit(() => planChanges(held.bucket.state, held.queue, now()))
    } catch (error) {
      for (const change of changes.splice(0, waiting)) {
        answered(sizeOf(change))
        change.reject(error)
      }
    } finally {
      state.rounds.leave()
    }
  }
  held.driving = undefined
  weigh(state, held)
  evict(state)
}

async function collectForever(state: State, signal: AbortSignal, now: (token: string) => Promise<void>) {
  while (!signal.aborted) {
    await systemClock.sleep(COLLECT_MS, signal, true).catch(() => {})
    const tokens = [...state.dirty]
    state.dirty.clear()
    // A log that could not be collected is found again by the sweep.
    for (const token of tokens) await now(token).catch(() => {})
  }
}

export function createBuckets(context: BucketsContext): Buckets {
  const state: State = {
    context,
    held: new Map(),
    records: createRecordCache(),
    dirty: new Set(),
    rounds: createRounds(),
    weight: 0,
    queuedBytes: 0,
  }
  const stop = new AbortController()
  const touch = (token: string, held: Held): void => {
    state.held.delete(token)
    state.held.set(token, held)
  }
  const find = (token: string): Held => {
    const held = state.held.get(token) ?? create(state, token)
    touch(token, held)
    return held
  }
  const collectNow = async (token: string): Promise<void> => {
    const held = find(token)
    await collect(held.bucket, context)
    weigh(state, held)
    evict(state)
  }
  const background = collectForever(state, stop.signal, collectNow)
  return {
    at: (token) => find(token).bucket,
    has: (token) => state.held.has(token),
    all: function* () {
      for (const { bucket } of state.held.values()) yield bucket
    },
    submit: (token, change) => {
      const held = state.held.get(token) ?? create(state, token)
      state.queuedBytes += sizeOf(change)
      held.queue.changes.push(change)
      if (held.driving !== undefined) return
      touch(token, held)
      held.driving = drive(state, held)
    },
    keep: (token, wanted) => {
      find(token).wanted = wanted
    },
    records: state.records,
    queuedBytes: () => state.queuedBytes,
    collect: collectNow,
    close: async () => {
      await Promise.all([...state.held.values()].map(({ driving }) => driving))
      stop.abort()
      await background
      const tokens = [...state.dirty]
      for (const token of tokens) await collectNow(token).catch(() => {})
    },
  }
}
