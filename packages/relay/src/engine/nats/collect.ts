/**
 * Removes records that hold nothing any more. spec/relay-engines.md section 2.2.
 *
 * The last record of a log stays as long as the log remembers anything: relays compare against it.
 */
import type { Bucket } from './bucket.js'
import type { JetStream } from './jetstream.js'
import { MAX_RECORD_BYTES, NOTES_BEFORE_CHECKPOINT } from './limits.js'
import type { Subjects } from './names.js'
import { NOTE_BYTES, REMEMBERED_BYTES } from './record.js'
import { type BucketState, checkpointOf, expire, isOver } from './state.js'

export interface CollectContext {
  readonly js: JetStream
  readonly names: Subjects
  now(): number
}

function needsCheckpoint({ notes, uncarried, ids }: BucketState): boolean {
  // A log that remembers much writes less often.
  if (!uncarried && notes.length < NOTES_BEFORE_CHECKPOINT + ids.size / 64) return false
  return ids.size * (NOTE_BYTES + REMEMBERED_BYTES) < MAX_RECORD_BYTES
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

/** Frames first: as long as one is there, what acknowledges it has to be there. */
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
  if (needsCheckpoint(state)) {
    await bucket.commit(() => {
      bucket.state.uncarried = false
      return { record: checkpointOf(bucket.state), needsFresh: false, done: () => {} }
    })
    await bucket.refresh()
  }
  if (bucket.state === state) await removeDead(bucket, context)
}
