/** What a log's waiting puts or acknowledgements become: one record, and an answer for each. */
import { BOX_FULL_RETRY_MS } from '../../limits.js'
import { refuse, type Verdict } from '../engine.js'
import { MAX_NOTE_IDS, MAX_RECORD_BYTES, MAX_RECORD_ENTRIES } from './limits.js'
import {
  type Ack,
  type LogRecord,
  type NoteRecord,
  PUT_BYTES,
  type PutEntry,
  type Withdrawn,
} from './record.js'
import { cursorOf, expire, isRepeated, type LogState, placeOf } from './state.js'

interface Waiter {
  resolve(verdict: Verdict): void
  reject(error: unknown): void
}

export interface PutChange extends PutEntry, Waiter {
  readonly kind: 'put'
  readonly quota: number
}

export interface AckChange extends Waiter {
  readonly kind: 'ack'
  readonly box: Uint8Array
  readonly name: string
  readonly cursor: number
}

export type Change = PutChange | AckChange

/** What to write for the changes that wait, and what to tell those who wait for them. */
export interface Plan {
  /** Undefined: nothing has to be written. */
  readonly record: LogRecord | undefined
  /** True when an answer without a record needs a state that is known to be the newest. */
  readonly needsFresh: boolean
  /** The record of frames is in the log at this place, and so it stands in the state: what has to be taken back. */
  settle(state: LogState, seq: number): NoteRecord | undefined
  /** Everything is in the log. */
  done(): void
}

/** Changes in the order they came. */
export interface Queue {
  readonly changes: Change[]
  /** Called with the bytes of each that is answered. */
  answered(bytes: number): void
}

type Answers = Map<Change, Verdict>

const nothing = (): undefined => undefined
const full = (): Verdict => refuse('box-full', BOX_FULL_RETRY_MS)

/** What a change that waits is counted as, in bytes. */
export function sizeOf(change: Change): number {
  return change.kind === 'put' ? change.frame.length : 48
}

function finish({ changes, answered }: Queue, answers: Answers): () => void {
  return () => {
    // Answers are those of the first changes; what came since stands behind them.
    changes.splice(0, answers.size)
    for (const [change, verdict] of answers) {
      answered(sizeOf(change))
      change.resolve(verdict)
    }
  }
}

/** Another relay may have filled the box while the record was on its way: what came behind that is taken back. */
function settlePuts(
  state: LogState,
  seq: number,
  entries: readonly PutChange[],
  answers: Answers,
): NoteRecord | undefined {
  const withdrawn: Withdrawn[] = []
  entries.forEach((change, place) => {
    const held = state.boxes.get(change.name)
    if (held === undefined || held.waiting.length <= change.quota) return
    const cursor = cursorOf(seq, place)
    if ((placeOf(held, cursor) ?? 0) < change.quota) return
    withdrawn.push({ box: change.box, cursor })
    answers.set(change, full())
  })
  return withdrawn.length === 0 ? undefined : { kind: 'note', covers: 0, acks: [], withdrawn }
}

function planPuts(state: LogState, queue: Queue, now: number): Plan {
  const answers: Answers = new Map()
  const entries: PutChange[] = []
  /** Ids that the record gives to each box. */
  const added = new Map<string, string[]>()
  let bytes = 0
  let refused = false
  for (const change of queue.changes) {
    if (change.kind !== 'put' || entries.length === MAX_RECORD_ENTRIES) break
    bytes += PUT_BYTES + change.frame.length
    if (bytes > MAX_RECORD_BYTES) break
    const { name, idName } = change
    const held = state.boxes.get(name)
    const more = added.get(name)
    if (isRepeated(held, idName, now) || more?.includes(idName)) answers.set(change, null)
    else if ((held?.waiting.length ?? 0) + (more?.length ?? 0) >= change.quota) {
      answers.set(change, full())
      refused = true
    } else {
      entries.push(change)
      if (more === undefined) added.set(name, [idName])
      else more.push(idName)
      answers.set(change, null)
    }
  }
  return {
    record: entries.length === 0 ? undefined : { kind: 'put', at: now, entries },
    needsFresh: refused,
    settle: (newer, seq) => settlePuts(newer, seq, entries, answers),
    done: finish(queue, answers),
  }
}

/** What the change acknowledges behind `done`; undefined: nothing waits there. */
function ackFor(state: LogState, change: AckChange, done: number): Ack | undefined {
  const waiting = state.boxes.get(change.name)?.waiting ?? []
  const ids: Ack['ids'][number][] = []
  let last = 0
  for (const { cursor, id, idUntil } of waiting) {
    if (cursor > change.cursor || ids.length === MAX_NOTE_IDS) break
    if (cursor <= done) continue
    ids.push({ id, until: idUntil })
    last = cursor
  }
  // Never further than what waits: an acknowledgement far ahead takes nothing that comes later.
  return last === 0 ? undefined : { box: change.box, cursor: last, ids }
}

function planAcks(state: LogState, queue: Queue): Plan {
  const answers: Answers = new Map()
  const acks: Ack[] = []
  const drafted = new Map<string, number>()
  let ids = 0
  for (const change of queue.changes) {
    if (change.kind !== 'ack' || acks.length === MAX_RECORD_ENTRIES || ids >= MAX_NOTE_IDS) break
    const { name } = change
    const ack = ackFor(state, change, drafted.get(name) ?? 0)
    if (ack !== undefined) {
      acks.push(ack)
      drafted.set(name, ack.cursor)
      ids += ack.ids.length
      // The rest of it is another record's.
      if (ack.ids.length === MAX_NOTE_IDS) break
    }
    answers.set(change, null)
  }
  return {
    record: acks.length === 0 ? undefined : { kind: 'note', covers: 0, acks, withdrawn: [] },
    // Everything up to what is acknowledged was read before it came here.
    needsFresh: false,
    settle: nothing,
    done: finish(queue, answers),
  }
}

/** For the changes at the head of the queue that are of one kind; removes them when it is done. */
export function planChanges(state: LogState, queue: Queue, now: number): Plan {
  expire(state, now)
  return queue.changes[0]?.kind === 'ack' ? planAcks(state, queue) : planPuts(state, queue, now)
}
