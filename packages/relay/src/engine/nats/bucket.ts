/**
 * One bucket: its state as far as this relay has read the log, and changes by compare-and-swap on the log's end.
 *
 * Frames are put on a decision made on the state, with the sequence of the last record that the state has seen, and
 * count only when the servers took them at that place: so a decision never rests on a state that was out of date.
 * Acknowledgements need no comparison. What came while a record was on its way goes into the next. spec/relay-engines.md section 2.1.
 */
import { systemClock } from '@hyphae/core'
import { boxName } from '../keys.js'
import type { JetStream, Stored } from './jetstream.js'
import { PATIENCE_MS, RETRY_MS } from './limits.js'
import { type BucketRecord, decodeRecord, encodeRecord } from './record.js'
import { applyNotes, applyRecord, type BucketState, emptyState, unreadState } from './state.js'

export interface BucketContext {
  readonly js: JetStream
  readonly stream: string
  /** This relay wrote the record, or heard of it as the next one. */
  applied(seq: number, record: BucketRecord, data: Uint8Array): void
  /** Something was acknowledged: records may hold nothing any more. */
  noted(): void
  /** Frames of these boxes were found in the log: the records before them may be gone already. */
  found(boxes: ReadonlyMap<string, Uint8Array>): void
}

/** What to write for the changes that wait, and what to tell those who wait for them. */
export interface Plan {
  /** Undefined: nothing has to be written. */
  readonly record: BucketRecord | undefined
  /** True when an answer without a record needs a state that is known to be the newest. */
  readonly needsFresh: boolean
  /** The record is in the log, or there is none. */
  done(): void
}

export interface Bucket {
  /** Where frames are put, and where acknowledgements are noted. */
  readonly subject: string
  readonly noteSubject: string
  readonly state: BucketState
  /** When the state was last known to be the newest, on the system's clock; 0: never. */
  freshAt(): number
  /** Reads what the log has gained. A call begins reading after it was made. */
  refresh(): Promise<void>
  /** A record that was heard of, not asked for; false when records before it are missing. */
  hear(seq: number, previous: number, data: Uint8Array): boolean
  /** Writes what `plan` says, again with a new plan after a conflict. Calls run one after another. */
  commit(plan: () => Plan): Promise<void>
  busy(): boolean
  /** The log holds nothing any more: what this relay knows of it is dropped. */
  forget(): void
}

interface Live {
  /** Replaced as a whole: whoever still reads into an old one reads in vain. */
  state: BucketState
  freshAt: number
  /** The log was read once: somebody may have seen its end. */
  loaded: boolean
  running: Promise<void>
  pending: number
  reading: Promise<void> | undefined
  nextReading: Promise<void> | undefined
  /** What the servers expect instead of the last record's sequence. */
  expected: number | undefined
}

const pause = (ms: number): Promise<void> => systemClock.sleep(ms)

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
    expected: undefined,
  }
  /** Into the state that the caller knows to hold everything before `seq`. */
  const apply = (state: BucketState, seq: number, data: Uint8Array): BucketRecord | undefined => {
    if (state !== live.state) return undefined
    const record = decodeRecord(data)
    if (!applyRecord(state, seq, record)) return undefined
    if (record.kind === 'put') live.expected = undefined
    return record
  }
  const gained = (state: BucketState, seq: number, data: Uint8Array): void => {
    const record = apply(state, seq, data)
    if (record !== undefined) context.applied(seq, record, data)
  }
  const reset = (): void => {
    live.state = unreadState(live.state)
    live.freshAt = 0
    live.expected = undefined
  }
  const tail = async (of: string, from: number): Promise<Stored[]> => {
    const found: Stored[] = []
    for await (const message of js.read(stream, of, from)) found.push(message)
    return found
  }
  const readTail = async (): Promise<void> => {
    const begun = systemClock.now()
    const { state } = live
    // Notes after frames: a frame that is gone already was noted before it went. And nothing of either is used
    // before both are read.
    const puts = await tail(subject, state.last + 1)
    const notes = await tail(noteSubject, state.lastNote + 1)
    const boxes = new Map<string, Uint8Array>()
    for (const { seq, data } of [...puts, ...notes].sort((a, b) => a.seq - b.seq)) {
      const record = apply(state, seq, data)
      if (record?.kind === 'put') for (const { box } of record.entries) boxes.set(boxName(box), box)
    }
    if (boxes.size > 0 && live.loaded) context.found(boxes)
    if (state !== live.state) return
    live.loaded = true
    live.freshAt = begun
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
  /** After a conflict: what is missing, or everything when the log is shorter than it was. */
  const catchUp = async (last: number): Promise<void> => {
    const before = live.state.last
    // A leader that is new may not have come to the end yet: what it said is good for one attempt.
    live.expected = undefined
    if (last < before) reset()
    await refresh()
    // A server that has removed the end of a log takes another number for it, and everything there was read.
    if (last < live.state.last) live.expected = last
    else if (live.state.last === before) await pause(RETRY_MS)
  }
  /** False after a conflict, with a state that is newer. */
  const put = async (record: BucketRecord): Promise<boolean> => {
    const data = encodeRecord(record)
    const { state } = live
    const answer = await js.publish(subject, data, live.expected ?? state.last)
    if (answer.kind === 'conflict') {
      await catchUp(answer.last)
      return false
    }
    gained(state, answer.seq, data)
    return true
  }
  /** Not compared with anything: notes of one box add up, whatever their order. */
  const note = async (record: Exclude<BucketRecord, { kind: 'put' }>): Promise<void> => {
    const { state } = live
    await js.publish(noteSubject, encodeRecord(record))
    if (state !== live.state) return
    applyNotes(state, record)
    context.noted()
  }
  const attempt = async (makePlan: () => Plan): Promise<boolean> => {
    let plan = makePlan()
    if (plan.needsFresh) {
      await refresh()
      plan = makePlan()
    }
    if (plan.record?.kind === 'put') {
      if (!(await put(plan.record))) return false
    } else if (plan.record !== undefined) await note(plan.record)
    plan.done()
    return true
  }
  const run = async (makePlan: () => Plan): Promise<void> => {
    const begun = systemClock.now()
    for (;;) {
      try {
        if (live.freshAt === 0) await refresh()
        if (await attempt(makePlan)) return
      } catch (error) {
        if (systemClock.now() - begun > PATIENCE_MS) throw error
        // It may have been stored all the same: the log tells, and ids make the second attempt harmless.
        await pause(RETRY_MS)
        await refresh().catch(() => {})
      }
    }
  }
  const commit = (makePlan: () => Plan): Promise<void> => {
    live.pending += 1
    const result = live.running.then(() => run(makePlan))
    live.running = result
      .catch(() => {})
      .finally(() => {
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
    hear: (seq, previous, data) => {
      if (seq <= live.state.last) return true
      if (live.freshAt === 0 || previous !== live.state.last) return false
      gained(live.state, seq, data)
      return true
    },
    commit,
    forget: reset,
    busy: () => live.pending > 0 || live.reading !== undefined,
  }
}
