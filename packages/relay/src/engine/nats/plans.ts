/** What a bucket's waiting puts or acknowledgements become: one record, and an answer for each. */
import { BOX_FULL_RETRY_MS } from '../../limits.js'
import { refuse, type Verdict } from '../engine.js'
import { boxName } from '../keys.js'
import type { Plan } from './bucket.js'
import { MAX_RECORD_BYTES, MAX_RECORD_ENTRIES } from './limits.js'
import { type NoteEntry, PUT_BYTES, type PutEntry } from './record.js'
import { type BucketState, expire, idName } from './state.js'

export interface PutChange extends PutEntry {
  readonly kind: 'put'
  readonly quota: number
  resolve(verdict: Verdict): void
  reject(error: unknown): void
}

export interface AckChange {
  readonly kind: 'ack'
  readonly box: Uint8Array
  readonly cursor: number
  resolve(verdict: Verdict): void
  reject(error: unknown): void
}

export type Change = PutChange | AckChange

type Answers = Map<Change, Verdict>

/** Ids of one note: a box without a sensible quota is acknowledged in steps. */
const MAX_NOTE_IDS = 8192

function finish(queue: Change[], answers: Answers): () => void {
  return () => {
    for (const [change, verdict] of answers) change.resolve(verdict)
    // Answers are those of the first changes; what came since stands behind them.
    queue.splice(0, answers.size)
  }
}

function planPuts(state: BucketState, queue: Change[]): Plan {
  const answers: Answers = new Map()
  const entries: PutEntry[] = []
  const drafted = new Set<string>()
  const added = new Map<string, number>()
  let bytes = 0
  let refused = false
  for (const change of queue) {
    if (change.kind !== 'put' || entries.length === MAX_RECORD_ENTRIES) break
    bytes += PUT_BYTES + change.frame.length
    if (bytes > MAX_RECORD_BYTES) break
    const id = idName(change.box, change.id)
    const name = boxName(change.box)
    const waiting = (state.boxes.get(name)?.waiting.length ?? 0) + (added.get(name) ?? 0)
    if (state.ids.has(id) || drafted.has(id)) answers.set(change, null)
    else if (waiting >= change.quota) {
      answers.set(change, refuse('box-full', BOX_FULL_RETRY_MS))
      refused = true
    } else {
      entries.push(change)
      drafted.add(id)
      added.set(name, (added.get(name) ?? 0) + 1)
      answers.set(change, null)
    }
  }
  const record = entries.length === 0 ? undefined : ({ kind: 'put', entries } as const)
  return { record, needsFresh: refused, done: finish(queue, answers) }
}

/** What the change acknowledges behind `done`; undefined: nothing waits there. */
function noteFor(state: BucketState, change: AckChange, done: number): NoteEntry | undefined {
  const waiting = state.boxes.get(boxName(change.box))?.waiting ?? []
  const taken = waiting
    .filter(({ cursor }) => cursor > done && cursor <= change.cursor)
    .slice(0, MAX_NOTE_IDS)
  const last = taken.at(-1)
  if (last === undefined) return undefined
  const ids = taken.map(({ id, idUntil }) => ({ id, until: idUntil }))
  // Never further than what waits: an acknowledgement far ahead takes nothing that comes later.
  return { box: change.box, cursor: last.cursor, ids }
}

function planAcks(state: BucketState, queue: Change[]): Plan {
  const answers: Answers = new Map()
  const entries: NoteEntry[] = []
  const drafted = new Map<string, number>()
  let idle = false
  let ids = 0
  for (const change of queue) {
    if (change.kind !== 'ack' || entries.length === MAX_RECORD_ENTRIES || ids >= MAX_NOTE_IDS) break
    const name = boxName(change.box)
    const note = noteFor(state, change, drafted.get(name) ?? 0)
    if (note === undefined) idle ||= !drafted.has(name)
    else {
      entries.push(note)
      drafted.set(name, note.cursor)
      ids += note.ids.length
      // The rest of it is another record's.
      if (note.ids.length === MAX_NOTE_IDS) break
    }
    answers.set(change, null)
  }
  const record = entries.length === 0 ? undefined : ({ kind: 'note', entries } as const)
  return { record, needsFresh: idle, done: finish(queue, answers) }
}

/** For the changes at the head of the queue that are of one kind; removes them when it is done. */
export function planChanges(state: BucketState, queue: Change[], now: number): Plan {
  expire(state, now)
  return queue[0]?.kind === 'ack' ? planAcks(state, queue) : planPuts(state, queue)
}
