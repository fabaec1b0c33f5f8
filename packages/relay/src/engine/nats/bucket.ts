/**
 * One log: its state as far as this relay has read or heard it, and what this relay adds.
 *
 * Nothing is compared when a record is written, so relays never get into each other's way: the servers put records in
 * an order, and each relay applies them in that order. A put is answered when its own record was applied, as only then
 * it is known whether the box had room. What came while a record was on its way goes into the next.
 * spec/relay-engines.md section 2.1.
 */
import { systemClock } from '@hyphae/core'
import { isFull, type JetStream, type Stored } from './jetstream.js'
import { BEHIND_MS, EAR_MS, MAX_AHEAD, PATIENCE_MS, RETRY_MS, STATE_AGE_MS } from './limits.js'
import type { Plan } from './plans.js'
import { decodeRecord, encodeRecord, type LogRecord, type NoteRecord, type PutRecord } from './record.js'
import { unreachable } from './requests.js'
import { applyNote, applyRecord, emptyState, type LogState, unreadState } from './state.js'

export interface BucketContext {
  readonly js: JetStream
  readonly stream: string
  /** A record of frames was applied as the next one; `taken` are the places of those that wait. `data` may be kept. */
  applied(seq: number, record: PutRecord, taken: readonly number[], data: Uint8Array): void
  /** Something was acknowledged: records may hold nothing any more. */
  noted(): void
  /** Frames of these boxes, by name, were found in the log: the records before them may be gone already. */
  found(boxes: Iterable<string>): void
}

export interface Bucket {
  /** Where frames are put, and where acknowledgements are noted. */
  readonly subject: string
  readonly noteSubject: string
  readonly state: LogState
  /** When the state was last known to be the newest, on the system's clock; 0: never. */
  freshAt(): number
  /** Reads what the log has gained. A call begins reading after it was made. */
  refresh(): Promise<void>
  /** A record of frames that was heard of, not asked for; false when records before it are missing. */
  hear(seq: number, previous: number, data: Uint8Array): boolean
  /** Writes what `plan` says, again with a new plan when that failed. Calls run one after another. */
  commit(plan: () => Plan): Promise<void>
  /** Writes notes that replace all others. */
  summarise(notes: readonly NoteRecord[]): Promise<void>
  busy(): boolean
  /** The log holds nothing any more: what this relay knows of it is dropped. */
  forget(): void
}

interface Live {
  /** Replaced as a whole: whoever still reads into an old one reads in vain. */
  state: LogState
  freshAt: number
  /** The log was read once: somebody may have seen its end. */
  loaded: boolean
  running: Promise<void>
  pending: number
  reading: Promise<void> | undefined
  nextReading: Promise<void> | undefined
  /** The record that is on its way, as it was written. */
  flight: { readonly data: Uint8Array; readonly record: PutRecord } | undefined
  /** Called when a record was heard. */
  heard: () => void
  /** Records that were heard before those before them, by the sequence these end with. */
  readonly ahead: Map<number, Stored>
}

const pause = (ms: number): Promise<void> => systemClock.sleep(ms)
const silent = (): void => {}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

export function createBucket(subject: string, noteSubject: string, context: BucketContext): Bucket {
  const { js, stream } = context
  const live: Live = {
    state: emptyState(),
    freshAt: 0,
    loaded: false,
    running: Promise.resolve(),
    pending: 0,
    reading: undefined,
    nextReading: undefined,
    flight: undefined,
    heard: silent,
    ahead: new Map(),
  }
  const reset = (): void => {
    live.state = unreadState(live.state)
    live.freshAt = 0
  }
  const tail = async (of: string, from: number): Promise<Stored[]> => {
    const found: Stored[] = []
    for await (const message of js.read(stream, of, from)) found.push(message)
    return found
  }
  const applyAll = (state: LogState, found: Stored[]): void => {
    const boxes = new Set<string>()
    for (const { seq, data } of found.sort((a, b) => a.seq - b.seq)) {
      const record = decodeRecord(data)
      if (applyRecord(state, seq, record) === undefined) continue
      if (record.kind === 'put') for (const { name } of record.entries) boxes.add(name)
    }
    if (boxes.size > 0 && live.loaded) context.found(boxes)
  }
  const readTail = async (): Promise<void> => {
    const begun = systemClock.now()
    // What is not in the log any more was forgotten there long after this state was read.
    if (begun - live.freshAt > STATE_AGE_MS) reset()
    const { state } = live
    // Notes after frames: a frame that is gone already was noted before it went. And nothing of either is used
    // before both are read.
    const puts = await tail(subject, state.last + 1)
    const notes = await tail(noteSubject, state.lastNote + 1)
    if (state !== live.state) return
    applyAll(state, [...puts, ...notes])
    live.loaded = true
    live.freshAt = begun
    drain()
    live.heard()
  }
  const refresh = (): Promise<void> => {
    if (live.reading === undefined) {
      live.reading = readTail().finally(() => {
        live.reading = undefined
      })
      return live.reading
    }
    // The reading that runs may have passed the end before this call.
    live.nextReading ??= live.reading
      .catch(() => {})
      .then(() => {
        live.nextReading = undefined
        return refresh()
      })
    return live.nextReading
  }
  const hearNext = (seq: number, previous: number, data: Uint8Array): boolean => {
    const { state, flight } = live
    if (seq <= state.last) return true
    if (live.freshAt === 0 || previous !== state.last) return false
    // What this relay wrote itself need not be read again.
    const own = flight !== undefined && isSame(flight.data, data) ? flight : undefined
    // A copy: a view would keep what else came in the same read.
    const kept = own?.data ?? Uint8Array.from(data)
    const record = own?.record ?? decodeRecord(kept)
    if (record.kind !== 'put') return true
    context.applied(seq, record, applyRecord(state, seq, record) ?? [], kept)
    live.heard()
    return true
  }
  /** What was heard while the records before it were read. */
  const drain = (): void => {
    const { ahead } = live
    for (let next = ahead.get(live.state.last); next !== undefined; next = ahead.get(live.state.last)) {
      ahead.delete(live.state.last)
      hearNext(next.seq, live.state.last, next.data)
    }
    for (const previous of ahead.keys()) if (previous < live.state.last) ahead.delete(previous)
  }
  const hear = (seq: number, previous: number, data: Uint8Array): boolean => {
    if (hearNext(seq, previous, data)) return true
    if (live.ahead.size >= MAX_AHEAD) live.ahead.clear()
    live.ahead.set(previous, { seq, data: Uint8Array.from(data) })
    return false
  }
  /** Resolves when the record was heard, or after a while. */
  const listen = (seq: number): Promise<void> =>
    new Promise<void>((resolve) => {
      const late = setTimeout(resolve, EAR_MS)
      live.heard = () => {
        if (live.state.last < seq) return
        clearTimeout(late)
        resolve()
      }
    }).finally(() => {
      live.heard = silent
    })
  /** The state has come to the record that the servers have just taken. */
  const reach = async (seq: number): Promise<void> => {
    if (live.state.last < seq) await listen(seq)
    for (const begun = systemClock.now(); live.state.last < seq; ) {
      const before = await js.info(stream)
      await refresh()
      if (live.state.last >= seq) return
      const after = await js.info(stream)
      // It was acknowledged and removed already, and everything before it was read.
      if (before.lastSeq >= seq && before.leader === after.leader) live.state.last = seq
      // A leader that is new may not have come to the end yet.
      else if (systemClock.now() - begun > BEHIND_MS) throw unreachable()
      else await pause(RETRY_MS)
    }
  }
  const put = async (record: PutRecord): Promise<number> => {
    const data = encodeRecord(record)
    live.flight = { data, record }
    try {
      const { seq } = await js.append(subject, data)
      // Sequences that were there before: the servers have lost the end of what this relay had read.
      const { last, live: held, dead } = live.state
      if (seq <= last && !held.has(seq) && !dead.has(seq)) reset()
      await reach(seq)
      return seq
    } finally {
      live.flight = undefined
    }
  }
  const note = async (record: NoteRecord): Promise<void> => {
    const { state } = live
    await js.append(noteSubject, encodeRecord(record))
    if (state !== live.state) return
    applyNote(state, record)
    context.noted()
  }
  const write = async (record: LogRecord | undefined, plan: Plan): Promise<void> => {
    if (record?.kind === 'note') await note(record)
    if (record?.kind !== 'put') return
    const seq = await put(record)
    const back = plan.settle(live.state, seq)
    if (back !== undefined) await note(back)
  }
  const attempt = async (makePlan: () => Plan): Promise<void> => {
    let plan = makePlan()
    if (plan.needsFresh) {
      await refresh()
      plan = makePlan()
    }
    await write(plan.record, plan)
    plan.done()
  }
  const run = async (makePlan: () => Plan): Promise<void> => {
    const begun = systemClock.now()
    for (;;) {
      try {
        if (live.freshAt === 0) await refresh()
        await attempt(makePlan)
        return
      } catch (error) {
        if (isFull(error) || systemClock.now() - begun > PATIENCE_MS) throw error
        // It may have been stored all the same: the log tells, and ids make the second attempt harmless.
        await pause(RETRY_MS)
        await refresh().catch(() => {})
      }
    }
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    live.pending += 1
    const result = live.running.then(work)
    live.running = result.catch(silent).finally(() => {
      live.pending -= 1
    })
    return result
  }
  return {
    subject,
    noteSubject,
    get state() {
      return live.state
    },
    freshAt: () => live.freshAt,
    refresh,
    hear,
    commit: (makePlan) => inTurn(() => run(makePlan)),
    summarise: (notes) =>
      inTurn(async () => {
        for (const one of notes) await js.append(noteSubject, encodeRecord(one))
      }),
    forget: reset,
    busy: () => live.pending > 0 || live.reading !== undefined,
  }
}
