/**
 * Removes what has expired: frames after their life, ids of acknowledged frames after theirs, blobs.
 *
 * Walks the time index from its oldest entry in short steps; each step is a job of the committer, so that it
 * sees what acks and puts have done. spec/relay.md sections 3 and 4.
 */
import { type RelayLimits, SWEEP_STEP } from '../limits.js'
import type { Batch } from './batch.js'
import { type BlobTime, decodeBlobTime, expireBlob } from './blobs.js'
import type { Committer } from './committer.js'
import type { Database } from './database.js'
import {
  BLOB_TIME_RANGE,
  blobTimeKey,
  boxName,
  idKey,
  type Range,
  readSeq,
  slotSeq,
  TIME_RANGE,
  timeKey,
} from './keys.js'
import { decodeTime, removeFrames, type TimeEntry } from './mailboxes.js'
import type { Positions } from './positions.js'

export interface SweepContext {
  readonly database: () => Database
  readonly committer: Committer
  readonly positions: () => Positions
  readonly limits: RelayLimits
  readonly now: number
}

interface Timed<T> {
  readonly seq: number
  readonly entry: T
}

async function step<T>(
  database: Database,
  range: Range,
  decode: (value: Uint8Array) => T,
): Promise<Timed<T>[]> {
  const entries = await database.entries({ ...range, limit: SWEEP_STEP })
  return entries.map(([key, value]) => ({ seq: readSeq(key, 1), entry: decode(value) }))
}

/** True when the entry is done with. */
function expireFrame(batch: Batch, { seq, entry }: Timed<TimeEntry>, context: SweepContext): void {
  const { limits, now } = context
  const positions = context.positions()
  const name = boxName(entry.box)
  const age = now - entry.storedAt
  if (positions.has(name, seq)) {
    if (age < limits.frameLifeMs) return
    const place = positions.after(name, seq - 1, 1)
    removeFrames(batch, entry.box, place)
    // Frames of a box expire in order, so everything before this one is gone as well.
    batch.afterwards(() => positions.drop(name, place[0] === undefined ? 0 : slotSeq(place[0])))
  } else if (age < Math.min(limits.idLifeMs, limits.frameLifeMs)) return
  batch.del(idKey(entry.box, entry.id))
  batch.del(timeKey(seq))
}

async function sweepFrames(context: SweepContext, signal: AbortSignal): Promise<void> {
  const { committer, limits, now } = context
  const youngest = Math.min(limits.idLifeMs, limits.frameLifeMs)
  let gte: Uint8Array = TIME_RANGE.gte
  while (!signal.aborted) {
    const found = await step(context.database(), { gte, lt: TIME_RANGE.lt }, decodeTime)
    const old = found.filter(({ entry }) => now - entry.storedAt >= youngest)
    const last = old.at(-1)
    if (last === undefined) return
    await committer.submit({
      bytes: 0,
      run: (batch) => {
        for (const timed of old) expireFrame(batch, timed, context)
      },
    })
    gte = timeKey(last.seq + 1)
    if (old.length < found.length || found.length < SWEEP_STEP) return
  }
}

async function expireBlobs(batch: Batch, old: readonly Timed<BlobTime>[]): Promise<void> {
  for (const { seq, entry } of old) {
    await expireBlob(batch, entry)
    batch.del(blobTimeKey(seq))
  }
}

async function sweepBlobs(context: SweepContext, signal: AbortSignal): Promise<void> {
  const { committer, limits, now } = context
  while (!signal.aborted) {
    const found = await step(context.database(), BLOB_TIME_RANGE, decodeBlobTime)
    const old = found.filter(({ entry }) => now - entry.storedAt >= limits.blobLifeMs)
    if (old.length === 0) return
    const result = await committer.submit({ bytes: 0, run: (batch) => expireBlobs(batch, old) })
    if (result !== undefined || found.length < SWEEP_STEP) return
  }
}

export async function sweepExpired(context: SweepContext, signal: AbortSignal): Promise<void> {
  await sweepFrames(context, signal)
  await sweepBlobs(context, signal)
}
