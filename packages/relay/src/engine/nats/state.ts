/**
 * What a log says: frames that wait, ids that are remembered, records that hold nothing any more.
 *
 * A reduction over the records: every relay that has read the same ones has the same state, also where notes were
 * read before the frames they are about. spec/relay-engines.md section 2.1. Knows no clock and no network.
 */
import { boxName } from '../keys.js'
import { MAX_RECORD_ENTRIES } from './limits.js'
import type { Ack, LogRecord, NoteRecord, PutRecord, RememberedId, Withdrawn } from './record.js'

export interface Waiting {
  readonly cursor: number
  readonly size: number
  readonly until: number
  readonly id: string
  readonly idUntil: number
  /** When it was put. */
  readonly at: number
}

/** An id that counts: another frame with it is the same one again. */
export interface Remembered {
  /** Epoch milliseconds. */
  until: number
  /** Of the first frame that had it, or where that was acknowledged. */
  cursor: number
  /** Repetitions, as long as the first waits: it may still be withdrawn. */
  again?: Waiting[]
}

export interface BoxState {
  readonly box: Uint8Array
  /** Everything up to here is acknowledged. */
  acked: number
  /** Cursors ascend. */
  waiting: Waiting[]
  readonly ids: Map<string, Remembered>
}

export interface LogState {
  /** Sequences of the last record of frames and of the last note that were read; 0: none. */
  last: number
  lastNote: number
  readonly boxes: Map<string, BoxState>
  /** Ids that are remembered, over all boxes. */
  remembered: number
  /** Frames that wait, by the sequence of their record. */
  readonly live: Map<number, number>
  /** Notes that no other has replaced. */
  notes: number[]
  /** Records of frames, and notes, that hold nothing any more and are still there. */
  readonly dead: Set<number>
  readonly deadNotes: Set<number>
  /** Cursors of frames that were not taken, in records that are still there; and their boxes. */
  readonly withdrawn: Map<number, Uint8Array>
  /** Ids of expired frames stand in no note yet. */
  uncarried: boolean
  /** Nothing here expires before this time. */
  soonest: number
}

export function emptyState(): LogState {
  return {
    last: 0,
    lastNote: 0,
    boxes: new Map(),
    remembered: 0,
    live: new Map(),
    notes: [],
    dead: new Set(),
    deadNotes: new Set(),
    withdrawn: new Map(),
    uncarried: false,
    soonest: Number.POSITIVE_INFINITY,
  }
}

/** To be read anew; what is known to be acknowledged stays so, also while a new leader does not know it yet. */
export function unreadState({ boxes }: LogState): LogState {
  const fresh = emptyState()
  for (const [name, { box, acked }] of boxes)
    if (acked > 0) fresh.boxes.set(name, { box, acked, waiting: [], ids: new Map() })
  return fresh
}

export function cursorOf(seq: number, place: number): number {
  return seq * MAX_RECORD_ENTRIES + place
}

export function recordOf(cursor: number): { seq: number; place: number } {
  return { seq: Math.floor(cursor / MAX_RECORD_ENTRIES), place: cursor % MAX_RECORD_ENTRIES }
}

function boxOf(state: LogState, name: string, box: Uint8Array): BoxState {
  const held = state.boxes.get(name)
  if (held !== undefined) return held
  // A copy: a view would keep the whole record.
  const fresh = { box: Uint8Array.from(box), acked: 0, waiting: [], ids: new Map<string, Remembered>() }
  state.boxes.set(name, fresh)
  return fresh
}

/** One frame less in its record. */
function release(state: LogState, cursor: number): void {
  const seq = Math.floor(cursor / MAX_RECORD_ENTRIES)
  const left = (state.live.get(seq) ?? 1) - 1
  if (left > 0) {
    state.live.set(seq, left)
    return
  }
  state.live.delete(seq)
  state.dead.add(seq)
}

/** How many frames of the box wait before this one; undefined: it does not wait. */
export function placeOf({ waiting }: Pick<BoxState, 'waiting'>, cursor: number): number | undefined {
  let [low, high] = [0, waiting.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((waiting[middle] as Waiting).cursor < cursor) low = middle + 1
    else high = middle
  }
  return waiting[low]?.cursor === cursor ? low : undefined
}

function isWaiting(held: BoxState, cursor: number): boolean {
  return placeOf(held, cursor) !== undefined
}

/** The frame is gone for good, and what repeats it too. */
function end(state: LogState, held: BoxState, { cursor, id }: Waiting): void {
  release(state, cursor)
  const known = held.ids.get(id)
  if (known?.again === undefined) return
  for (const again of known.again) release(state, again.cursor)
  delete known.again
}

/** True when a frame put at this time with an id that is known so is the same frame again. */
function counts(held: BoxState, known: Remembered, at: number): boolean {
  return known.until > at || isWaiting(held, known.cursor)
}

/** The frame with this id that a put at this time would repeat is known. */
export function isRepeated(held: BoxState | undefined, id: string, at: number): boolean {
  const known = held?.ids.get(id)
  return held !== undefined && known !== undefined && counts(held, known, at)
}

function remember(state: LogState, held: BoxState, id: string, known: Remembered): void {
  if (!held.ids.has(id)) state.remembered += 1
  held.ids.set(id, known)
  if (known.until < state.soonest) state.soonest = known.until
}

/** True when it repeats a frame. What repeats one that still waits lies ready for when that is withdrawn. */
function repeats(state: LogState, held: BoxState, one: Waiting): boolean {
  const known = held.ids.get(one.id)
  if (known === undefined || !counts(held, known, one.at)) return false
  // As long as this one lies there its id must be known, or it would look like the first.
  known.until = Math.max(known.until, one.until)
  if (!isWaiting(held, known.cursor)) return true
  known.again ??= []
  known.again.push(one)
  const { seq } = recordOf(one.cursor)
  state.live.set(seq, (state.live.get(seq) ?? 0) + 1)
  return true
}

/** Places of the frames that wait now. */
function applyPuts(state: LogState, seq: number, { at, entries }: PutRecord): number[] {
  const taken: number[] = []
  for (let place = 0; place < entries.length; place++) {
    const { box, name, idName: id, idUntil, until, frame } = entries[place] as PutRecord['entries'][number]
    const cursor = cursorOf(seq, place)
    if (state.withdrawn.has(cursor)) continue
    const held = boxOf(state, name, box)
    const one: Waiting = { cursor, size: frame.length, until, id, idUntil, at }
    if (held.ids.has(id) && repeats(state, held, one)) continue
    remember(state, held, id, { until: idUntil, cursor })
    if (until < state.soonest) state.soonest = until
    if (cursor <= held.acked) continue
    held.waiting.push(one)
    taken.push(place)
  }
  const live = (state.live.get(seq) ?? 0) + taken.length
  if (live > 0) state.live.set(seq, live)
  else state.dead.add(seq)
  return taken
}

/** An id that was acknowledged up to `cursor`: a frame behind it that has it is a repetition. */
function applyId(state: LogState, held: BoxState, { id, until }: RememberedId, cursor: number): void {
  const known = held.ids.get(id)
  if (known === undefined) {
    remember(state, held, id, { until, cursor })
    return
  }
  known.until = Math.max(known.until, until)
  if (known.cursor <= cursor) return
  const index = placeOf(held, known.cursor)
  if (index !== undefined && until > (held.waiting[index] as Waiting).at) {
    const [gone] = held.waiting.splice(index, 1) as [Waiting]
    end(state, held, gone)
    known.until = Math.max(known.until, gone.until)
  }
  known.cursor = cursor
}

function applyAck(state: LogState, { box, cursor, ids }: Ack): void {
  const held = boxOf(state, boxName(box), box)
  held.acked = Math.max(held.acked, cursor)
  let gone = 0
  for (; (held.waiting[gone]?.cursor ?? Number.POSITIVE_INFINITY) <= held.acked; gone++) {
    const one = held.waiting[gone] as Waiting
    end(state, held, one)
    state.soonest = Math.min(state.soonest, one.idUntil)
  }
  if (gone > 0) held.waiting.splice(0, gone)
  for (const id of ids) applyId(state, held, id, cursor)
}

function applyWithdrawn(state: LogState, { box, cursor }: Withdrawn): void {
  const held = boxOf(state, boxName(box), box)
  state.withdrawn.set(cursor, held.box)
  const index = placeOf(held, cursor)
  if (index === undefined) return
  const [gone] = held.waiting.splice(index, 1) as [Waiting]
  release(state, cursor)
  const known = held.ids.get(gone.id)
  if (known?.cursor !== cursor) return
  held.ids.delete(gone.id)
  state.remembered -= 1
  // Its sender was refused and may have come again.
  const [next, ...again] = known.again ?? []
  if (next === undefined) return
  remember(state, held, gone.id, { until: known.until, cursor: next.cursor, again })
  held.waiting.push(next)
  held.waiting.sort((a, b) => a.cursor - b.cursor)
}

/** What a note says, without counting it as read: it may stand behind others that were not. */
export function applyNote(state: LogState, { acks, withdrawn }: NoteRecord): void {
  // First, as in a note of many: what was withdrawn before an acknowledgement is not acknowledged by it.
  for (const one of withdrawn) applyWithdrawn(state, one)
  for (const ack of acks) applyAck(state, ack)
}

const NONE: readonly number[] = []

/** Changes `state`. Places of the frames that wait now; undefined: the record was applied before. */
export function applyRecord(state: LogState, seq: number, record: LogRecord): readonly number[] | undefined {
  if (seq <= (record.kind === 'put' ? state.last : state.lastNote)) return undefined
  if (record.kind === 'put') {
    state.last = seq
    return applyPuts(state, seq, record)
  }
  state.lastNote = seq
  applyNote(state, record)
  if (record.covers > 0) {
    for (const note of state.notes) if (note <= record.covers) state.deadNotes.add(note)
    state.notes = state.notes.filter((note) => note > record.covers)
  }
  state.notes.push(seq)
  return NONE
}

function oldestRecord({ live, dead }: LogState): number {
  let oldest = Number.POSITIVE_INFINITY
  for (const seq of live.keys()) oldest = Math.min(oldest, seq)
  for (const seq of dead) oldest = Math.min(oldest, seq)
  return oldest
}

function expireFrames(state: LogState, held: BoxState, now: number): void {
  if (!held.waiting.some(({ until }) => until <= now)) return
  for (const one of held.waiting) {
    if (one.until > now) continue
    end(state, held, one)
    state.uncarried ||= (held.ids.get(one.id)?.until ?? 0) > now
  }
  held.waiting = held.waiting.filter(({ until }) => until > now)
}

function expireIds(state: LogState, held: BoxState, now: number): void {
  for (const [id, { until, cursor }] of held.ids)
    if (until <= now && !isWaiting(held, cursor)) {
      held.ids.delete(id)
      state.remembered -= 1
    }
}

/** Drops frames and ids whose time is over. Cheap as long as there are none. */
export function expire(state: LogState, now: number): void {
  if (now < state.soonest) return
  for (const held of state.boxes.values()) {
    expireFrames(state, held, now)
    expireIds(state, held, now)
  }
  const oldest = oldestRecord(state)
  // Its cursor hides what lies in records that are still to be removed.
  for (const [name, { acked, ids }] of state.boxes)
    if (ids.size === 0 && recordOf(acked).seq < oldest) state.boxes.delete(name)
  state.soonest = nextExpiry(state, now)
}

/** When the next frame or id expires; Infinity: never. */
export function nextExpiry(state: LogState, now = 0): number {
  let next = Number.POSITIVE_INFINITY
  for (const { waiting, ids } of state.boxes.values()) {
    for (const { until } of waiting) next = Math.min(next, until)
    // An id whose frame waits lasts as long as that.
    for (const { until } of ids.values()) if (until > now) next = Math.min(next, until)
  }
  return next
}

/** What a log without its notes and dead records would forget: acknowledgements and withdrawn frames of all boxes. */
export function summaryOf(state: LogState): { acks: Ack[]; withdrawn: Withdrawn[] } {
  const acks: Ack[] = []
  for (const { box, acked, waiting, ids } of state.boxes.values()) {
    const here = new Set(waiting.map(({ cursor }) => cursor))
    const carried = [...ids].filter(([, { cursor }]) => !here.has(cursor))
    if (acked > 0 || carried.length > 0)
      acks.push({ box, cursor: acked, ids: carried.map(([id, { until }]) => ({ id, until })) })
  }
  for (const cursor of state.withdrawn.keys()) {
    const { seq } = recordOf(cursor)
    if (seq <= state.last && !state.live.has(seq) && !state.dead.has(seq)) state.withdrawn.delete(cursor)
  }
  return { acks, withdrawn: [...state.withdrawn].map(([cursor, box]) => ({ box, cursor })) }
}

/** Nothing waits and nothing is remembered. */
export function isOver(state: LogState): boolean {
  return state.live.size === 0 && state.remembered === 0
}

/** What a log costs that holds little, in entries: its subscription, its maps. */
const LOG_WEIGHT = 64

/** Weight in the cache. */
export function weightOf(state: LogState): number {
  let weight = LOG_WEIGHT + state.remembered
  for (const { waiting } of state.boxes.values()) weight += waiting.length
  return weight
}
