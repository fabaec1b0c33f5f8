/**
 * The buckets this relay knows at the moment: a cache, filled from the logs and validated by each change.
 *
 * Those that nobody watches give way when many are known. spec/relay-engines.md section 2.1.
 */
import { systemClock } from '@hyphae/core'
import type { StoredListener } from '../engine.js'
import { boxName } from '../keys.js'
import { type Bucket, createBucket } from './bucket.js'
import { createRecordCache, type RecordCache } from './cache.js'
import { collect } from './collect.js'
import type { JetStream } from './jetstream.js'
import { COLLECT_MS, MAX_CACHED_ENTRIES } from './limits.js'
import type { Subjects } from './names.js'
import { type Change, planChanges } from './plans.js'
import type { BucketRecord } from './record.js'
import { cursorOf, weightOf } from './state.js'

export interface BucketsContext {
  readonly js: JetStream
  readonly names: Subjects
  now(): number
  hint: StoredListener
}

export interface Buckets {
  /** By the first 16 bits of the box ids, as four hex digits. */
  at(token: string): Bucket
  /** Undefined when this relay does not know it. */
  known(token: string): Bucket | undefined
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
  readonly queue: Change[]
  driving: Promise<void> | undefined
  weight: number
  wanted: boolean
}

interface State {
  readonly context: BucketsContext
  readonly held: Map<string, Held>
  readonly records: RecordCache
  readonly dirty: Set<string>
  weight: number
  queuedBytes: number
}

const ACK_BYTES = 48

function sizeOf(change: Change): number {
  return change.kind === 'put' ? change.frame.length : ACK_BYTES
}

/** Those asked for longest ago go first: a map keeps the order of its insertions. */
function evict(state: State): void {
  if (state.weight <= MAX_CACHED_ENTRIES) return
  for (const [token, held] of state.held) {
    if (state.weight <= MAX_CACHED_ENTRIES) return
    if (held.wanted || held.driving !== undefined || held.bucket.busy()) continue
    state.held.delete(token)
    state.weight -= held.weight
  }
}

function weigh(state: State, held: Held): void {
  const weight = weightOf(held.bucket.state)
  state.weight += weight - held.weight
  held.weight = weight
}

function applied(state: State, seq: number, record: BucketRecord, data: Uint8Array): void {
  const { context, records } = state
  if (record.kind !== 'put') return
  records.add(seq, data)
  record.entries.forEach(({ box, frame }, place) => {
    context.hint(boxName(box), { cursor: cursorOf(seq, place), frame })
  })
}

function create(state: State, token: string): Held {
  const { js, names, hint } = state.context
  const bucket = createBucket(names.bucket(token), names.note(token), {
    js,
    stream: names.mail,
    applied: (seq, record, data) => applied(state, seq, record, data),
    noted: () => state.dirty.add(token),
    found: (boxes) => {
      for (const name of boxes.keys()) hint(name, undefined)
    },
  })
  const held: Held = { bucket, queue: [], driving: undefined, weight: 0, wanted: false }
  state.held.set(token, held)
  return held
}

async function drive(state: State, held: Held): Promise<void> {
  const { now } = state.context
  // What arrives in this turn of the event loop belongs together.
  await Promise.resolve()
  while (held.queue.length > 0) {
    const waiting = held.queue.length
    try {
      await held.bucket.commit(() => planChanges(held.bucket.state, held.queue, now()))
    } catch (error) {
      for (const change of held.queue.splice(0, waiting)) change.reject(error)
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
    weight: 0,
    queuedBytes: 0,
  }
  const stop = new AbortController()
  const find = (token: string): Held => {
    const held = state.held.get(token) ?? create(state, token)
    state.held.delete(token)
    state.held.set(token, held)
    return held
  }
  const collectNow = async (token: string): Promise<void> => {
    const held = find(token)
    await collect(held.bucket, context)
    weigh(state, held)
  }
  const background = collectForever(state, stop.signal, collectNow)
  return {
    at: (token) => find(token).bucket,
    known: (token) => state.held.get(token)?.bucket,
    all: function* () {
      for (const { bucket } of state.held.values()) yield bucket
    },
    submit: (token, change) => {
      const held = find(token)
      const bytes = sizeOf(change)
      state.queuedBytes += bytes
      const settled = (): void => {
        state.queuedBytes -= bytes
      }
      held.queue.push({
        ...change,
        resolve: (verdict) => {
          settled()
          change.resolve(verdict)
        },
        reject: (error) => {
          settled()
          change.reject(error)
        },
      })
      held.driving ??= drive(state, held)
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
