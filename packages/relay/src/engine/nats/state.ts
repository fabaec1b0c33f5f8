/**
 * What a bucket's log says: frames that wait, ids that are remembered, records that hold nothing any more.
 *
 * A reduction over the records in order: every relay that has read the same records has the same state.
 * spec/relay-engines.md section 2.1. Knows no clock and no network.
 */
import { binary, boxName } from '../keys.js'
import { MAX_RECORD_ENTRIES } from './limits.js'
import type { BucketRecord, NoteEntry, PutEntry } from './record.js'

export interface Waiting {
  readonly cursor: number
  readonly size: number
  readonly until: number
  readonly id: Uint8Array
  readonly idUntil: number
}

export interface BoxState {
  readonly box: Uint8Array
  /** Everything up to here is acknowledged. */
  acked: number
  /** Cursors ascend. */
  waiting: Waiting[]
}

export interface Remembered {
  readonly box: Uint8Array
  readonly id: Uint8Array
  /** Epoch milliseconds. */
  readonly until: number
}

export interface BucketState {
  /** Sequences of the last record of frames and of the last note that were read; 0: none. */
  last: number
  lastNote: number
  readonly boxes: Map<string, BoxState>
  /** By `idName`. */
  readonly ids: Map<string, Remembered>
  /** Frames that wait, by the sequence of their record. */
  readonly live: Map<number, number>
  /** Records of acknowledgements that no checkpoint has replaced. */
  notes: number[]
  /** Records of frames, and of notes, that hold nothing any more and are still there. */
  readonly dead: Set<number>
  readonly deadNotes: Set<number>
  /** Ids of expired frames stand in no note yet. */
  uncarried: boolean
  /** Nothing here expires before this time. */
  soonest: number
}

export function emptyState(): BucketState {
  return {
    last: 0,
    lastNote: 0,
    boxes: new Map(),
    ids: new Map(),
    live: new Map(),
    notes: [],
    dead: new Set(),
    deadNotes: new Set(),
    uncarried: false,
    soonest: Number.POSITIVE_INFINITY,
  }
}

/** To be read anew; what is known to be acknowledged stays so, also while a new leader does not know it yet. */
export function unreadState({ boxes }: BucketState): BucketState {
  const fresh = emptyState()
  for (const [name, { box, acked }] of boxes)
    if (acked > 0) fresh.boxes.set(name, { box, acked, waiting: [] })
  return fresh
}

export function idName(box: Uint8Array, id: Uint8Array): string {
  return binary(box) + binary(id)
}

export function cursorOf(seq: number, place: number): number {
  return seq * MAX_RECORD_ENTRIES + place
}

export function recordOf(cursor: number): { seq: number; place: number } {
  return { seq: Math.floor(cursor / MAX_RECORD_ENTRIES), place: cursor % MAX_RECORD_ENTRIES }
}

function boxOf(state: BucketState, box: Uint8Array): BoxState {
  const name = boxName(box)
  const held = state.boxes.get(name)
  if (held !== undefined) return held
  // A copy: a view would keep the whole record.
  const fresh = { box: Uint8Array.from(box), acked: 0, waiting: [] }
  state.boxes.set(name, fresh)
  return fresh
}

/** One frame less in its record. */
function release(state: BucketState, cursor: number): void {
  const { seq } = recordOf(cursor)
  const left = (state.live.get(seq) ?? 1) - 1
  if (left > 0) {
    state.live.set(seq, left)
    return
  }
  state.live.delete(seq)
  state.dead.add(seq)
}

function applyPuts(state: BucketState, seq: number, entries: readonly PutEntry[]): void {
  state.live.set(seq, entries.length)
  entries.forEach(({ box, id, idUntil, until, frame }, place) => {
    const cursor = cursorOf(seq, place)
    const held = boxOf(state, box)
    const own = { box: held.box, id: Uint8Array.from(id) }
    state.ids.set(idName(box, id), { ...own, until: idUntil })
    state.soonest = Math.min(state.soonest, until, idUntil)
    if (cursor <= held.acked) release(state, cursor)
    else held.waiting.push({ cursor, size: frame.length, until, id: own.id, idUntil })
  })
}

function applyNote(state: BucketState, { box, cursor, ids }: NoteEntry): void {
  const held = boxOf(state, box)
  held.acked = Math.max(held.acked, cursor)
  while (held.waiting[0] !== undefined && held.waiting[0].cursor <= held.acked)
    release(state, (held.waiting.shift() as Waiting).cursor)
  for (const { id, until } of ids)
    state.ids.set(idName(box, id), { box: held.box, id: Uint8Array.from(id), until })
}

/** Changes `state`. A record that was applied before is passed over. */
export function applyRecord(state: BucketState, seq: number, record: BucketRecord): boolean {
  if (seq <= (record.kind === 'put' ? state.last : state.lastNote)) return false
  if (record.kind === 'put') {
    state.last = seq
    applyPuts(state, seq, record.entries)
    return true
  }
  state.lastNote = seq
  applyNotes(state, record)
  if (record.kind === 'checkpoint') {
    for (const note of state.notes) if (note <= record.covers) state.deadNotes.add(note)
    state.notes = state.notes.filter((note) => note > record.covers)
  }
  state.notes.push(seq)
  return true
}

/** What a note says, without counting it as read: it may stand behind others that were not. */
export function applyNotes(state: BucketState, { entries }: Exclude<BucketRecord, { kind: 'put' }>): void {
  for (const entry of entries) applyNote(state, entry)
}

/** Drops frames and ids whose time is over. Cheap as long as there are none. */
export function expire(state: BucketState, now: number): void {
  if (now < state.soonest) return
  for (const [name, box] of state.boxes) {
    if (box.waiting.some(({ until }) => until <= now)) {
      const gone = box.waiting.filter(({ until }) => until <= now)
      box.waiting = box.waiting.filter(({ until }) => until > now)
      for (const { cursor, id } of gone) {
        release(state, cursor)
        state.uncarried ||= state.ids.has(idName(box.box, id))
      }
    }
    // Its cursor hides what waits in records that are still to be removed.
    if (box.waiting.length === 0 && state.live.size + state.dead.size === 0) state.boxes.delete(name)
  }
  for (const [name, { until }] of state.ids) if (until <= now) state.ids.delete(name)
  state.soonest = nextExpiry(state)
}

/** When the next frame or id expires; Infinity: never. */
export function nextExpiry(state: BucketState): number {
  let next = Number.POSITIVE_INFINITY
  for (const { waiting } of state.boxes.values())
    for (const { until } of waiting) next = Math.min(next, until)
  for (const { until } of state.ids.values()) next = Math.min(next, until)
  return next
}

/** Notes of all boxes: what a log without its notes and dead records would forget. */
export function checkpointOf(state: BucketState): BucketRecord {
  const notes = new Map<string, { box: Uint8Array; cursor: number; ids: Remembered[] }>()
  const noteOf = (box: Uint8Array) => {
    const name = boxName(box)
    const held = notes.get(name) ?? { box, cursor: state.boxes.get(name)?.acked ?? 0, ids: [] }
    notes.set(name, held)
    return held
  }
  const waiting = new Set<string>()
  for (const held of state.boxes.values()) {
    if (held.acked > 0) noteOf(held.box)
    for (const { id } of held.waiting) waiting.add(idName(held.box, id))
  }
  for (const [name, remembered] of state.ids)
    if (!waiting.has(name)) noteOf(remembered.box).ids.push(remembered)
  return { kind: 'checkpoint', covers: state.lastNote, entries: [...notes.values()] }
}

/** Nothing waits and nothing is remembered. */
export function isOver(state: BucketState): boolean {
  return state.live.size === 0 && state.ids.size === 0
}

/** Weight in the cache. */
export function weightOf(state: BucketState): number {
  let weight = 1 + state.ids.size
  for (const { waiting } of state.boxes.values()) weight += waiting.length
  return weight
}
