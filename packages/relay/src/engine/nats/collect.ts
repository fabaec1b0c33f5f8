/**
 * Removes records that hold nothing any more. spec/relay-engines.md section 2.2.
 *
 * The last record of a log stays as long as the log remembers anything: what is heard next names it.
 */
import type { Bucket } from './bucket.js'
import type { JetStream } from './jetstream.js'
import { MAX_NOTE_IDS, MAX_RECORD_BYTES, NOTES_BEFORE_SUMMARY } from './limits.js'
import type { Subjects } from './names.js'
import { type Ack, ackBytes, type NoteRecord, WITHDRAWN_BYTES } from './record.js'
import { expire, isOver, type LogState, summaryOf } from './state.js'

export interface CollectContext {
  readonly js: JetStream
  readonly names: Subjects
  now(): number
}

/** Ids that one removed record or replaced note is worth: a summary repeats all that are remembered. */
const IDS_A_RECORD = 64

function needsSummary({ notes, dead, uncarried, remembered }: LogState): boolean {
  const worth = remembered / IDS_A_RECORD
  return notes.length >= NOTES_BEFORE_SUMMARY + worth || (uncarried && dead.size >= worth)
}

/** A box with very many ids takes several. */
function inSteps({ box, cursor, ids }: Ack): Ack[] {
  const steps = Math.max(1, Math.ceil(ids.length / MAX_NOTE_IDS))
  return Array.from({ length: steps }, (_, n) => {
    return { box, cursor, ids: ids.slice(n * MAX_NOTE_IDS, (n + 1) * MAX_NOTE_IDS) }
  })
}

/** In parts of the size of a record. The last one replaces everything that was read before the first. */
function summaryNotes(state: LogState): NoteRecord[] {
  const { acks, withdrawn } = summaryOf(state)
  const notes: NoteRecord[] = []
  let part: Ack[] = []
  let bytes = withdrawn.length * WITHDRAWN_BYTES
  for (const ack of acks.flatMap(inSteps)) {
    bytes += ackBytes(ack)
    if (bytes > MAX_RECORD_BYTES && part.length > 0) {
      notes.push({ kind: 'note', covers: 0, acks: part, withdrawn: [] })
      part = []
      bytes = withdrawn.length * WITHDRAWN_BYTES + ackBytes(ack)
    }
    part.push(ack)
  }
  notes.push({ kind: 'note', covers: state.lastNote, acks: part, withdrawn })
  return notes
}

/** Sequence of the oldest of `kept`, or `last`. */
function oldest(kept: Iterable<number>, last: number): number {
  let first = last
  for (const seq of kept) first = Math.min(first, seq)
  return first
}

async function removeBefore(
  { js, names }: CollectContext,
  dead: Set<number>,
  subject: string,
  first: number,
): Promise<void> {
  const early = [...dead].filter((seq) => seq < first)
  if (early.length === 0) return
  await js.purge(names.mail, subject, first)
  for (const seq of early) dead.delete(seq)
}

/** Those of frames first: as long as one is there, what acknowledges it has to be there. */
async function removeDead(bucket: Bucket, context: CollectContext): Promise<void> {
  const { state, subject, noteSubject } = bucket
  const { js, names } = context
  await removeBefore(context, state.dead, subject, oldest(state.live.keys(), state.last))
  const between = [...state.dead].filter((seq) => seq < state.last)
  await Promise.all(
    between.map(async (seq) => {
      await js.remove(names.mail, seq)
      state.dead.delete(seq)
    }),
  )
  await removeBefore(context, state.deadNotes, noteSubject, oldest(state.notes, state.lastNote))
}

async function summarise(bucket: Bucket, state: LogState): Promise<void> {
  const notes = summaryNotes(state)
  state.uncarried = false
  try {
    await bucket.summarise(notes)
  } catch (error) {
    state.uncarried = true
    throw error
  }
  await bucket.refresh()
}

/** Rejects when the servers do not answer; nothing is lost then. */
export async function collect(bucket: Bucket, context: CollectContext): Promise<void> {
  const { js, names } = context
  // Also what this relay itself has noted is counted once it is read.
  await bucket.refresh()
  const { state } = bucket
  expire(state, context.now())
  if (state.last + state.lastNote === 0) return
  if (isOver(state)) {
    await js.purge(names.mail, bucket.subject, state.last + 1)
    await js.purge(names.mail, bucket.noteSubject, state.lastNote + 1)
    bucket.forget()
    return
  }
  if (needsSummary(state)) await summarise(bucket, state)
  // An id that stands in no note stands in its frame's record alone.
  if (bucket.state === state && !state.uncarried) await removeDead(bucket, context)
}
