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

/** Sequence of the oldest record that still holds something. */
function firstKept({ live, notes, last }: BucketState): number {
  let first = Math.min(last, notes[0] ?? last)
  for (const seq of live.keys()) first = Math.min(first, seq)
  return first
}

async function removeDead(bucket: Bucket, { js, names }: CollectContext): Promise<void> {
  const { state } = bucket
  const first = firstKept(state)
  const early = [...state.dead].filter((seq) => seq < first)
  if (early.length > 0) {
    await js.purge(names.mail, bucket.subject, first)
    for (const seq of early) state.dead.delete(seq)
  }
  const dead = [...state.dead].filter((seq) => seq < state.last)
  await Promise.all(
    dead.map(async (seq) => {
      await js.remove(names.mail, seq)
      state.dead.delete(seq)
    }),
  )
}

/** Rejects when the servers do not answer; nothing is lost then. */
export async function collect(bucket: Bucket, context: CollectContext): Promise<void> {
  if (bucket.freshAt() === 0) await bucket.refresh()
  expire(bucket.state, context.now())
  if (bucket.state.last === 0) return
  if (isOver(bucket.state)) {
    const { last } = bucket.state
    await context.js.purge(context.names.mail, bucket.subject, last + 1)
    bucket.forget()
    return
  }
  if (needsCheckpoint(bucket.state))
    await bucket.commit(() => ({
      record: needsCheckpoint(bucket.state) ? checkpointOf(bucket.state) : undefined,
      needsFresh: false,
      done: () => {},
    }))
  await removeDead(bucket, context)
}
