/**
 * Removes what has expired: frames after their life, ids of acknowledged frames after theirs, terms, spends, logs, blobs.
 *
 * Walks what is due in short steps; each step is a job of the committer, so that it sees what acks and puts have
 * done. spec/relay.md sections 3 to 5.
 */
import { type RelayLimits, SWEEP_STEP } from '../limits.js'
import type { Batch } from './batch.js'
import { type BlobTime, decodeBlobTime, expireBlob } from './blobs.js'
import type { Committer } from './committer.js'
import type { Database } from './database.js'
import { type Due, decodeDue, moveDue } from './due.js'
import { BLOB_TIME_RANGE, blobTimeKey, boxName, DUE_RANGE, dueKey, frameKey, idKey, readSeq } from './keys.js'
import { expireLog } from './logs.js'
import { removeFrames } from './mailboxes.js'
import type { Positions } from './positions.js'
import { expireSpend } from './spends.js'
import { expireTerms, type TermsCache } from './terms.js'

export interface SweepContext {
  readonly database: () => Database
  readonly committer: Committer
  readonly positions: () => Positions
  readonly terms: () => TermsCache
  readonly limits: RelayLimits
  readonly now: number
}

/** True when the entry is done with. */
function expireFrame(batch: Batch, due: Due, { positions, now }: SweepContext): boolean {
  const name = boxName(due.name)
  const [place] = positions().has(name, due.seq) ? positions().after(name, due.seq - 1, 1) : []
  if (place !== undefined && !batch.isDeleted(frameKey(due.name, place))) {
    if (now < due.end) {
      moveDue(batch, due, due.end)
      return false
    }
    removeFrames(batch, due.name, [place])
    batch.afterwards(() => positions().remove(name, due.seq))
  }
  batch.del(idKey(due.name, due.id))
  return true
}

function expire(batch: Batch, due: Due, context: SweepContext): boolean | Promise<boolean> {
  switch (due.kind) {
    case 'frame':
      return expireFrame(batch, due, context)
    case 'terms':
      return expireTerms(batch, due, context.now, context.terms())
    case 'log':
      return expireLog(batch, due, context.now)
    case 'spend':
      expireSpend(batch, due.name)
      return true
  }
}

async function expireAll(batch: Batch, all: readonly Due[], context: SweepContext): Promise<void> {
  for (const due of all) {
    if (!(await expire(batch, due, context))) continue
    batch.del(dueKey(due.at, due.seq))
    batch.counters.rows = Math.max(0, batch.counters.rows - 1)
  }
}

async function sweepDue(context: SweepContext, signal: AbortSignal): Promise<void> {
  const { committer, now, database } = context
  const range = { gte: DUE_RANGE.gte, lt: dueKey(now + 1, 0), limit: SWEEP_STEP }
  while (!signal.aborted) {
    const found = await database().entries(range)
    if (found.length === 0) return
    const all = found.map(([key, value]) => decodeDue(key, value))
    const result = await committer.submit({ bytes: 0, run: (batch) => expireAll(batch, all, context) })
    if (result !== undefined || found.length < SWEEP_STEP) return
  }
}

interface Timed<T> {
  readonly seq: number
  readonly entry: T
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
    const entries = await context.database().entries({ ...BLOB_TIME_RANGE, limit: SWEEP_STEP })
    const found = entries.map(([key, value]) => ({ seq: readSeq(key, 1), entry: decodeBlobTime(value) }))
    const old = found.filter(({ entry }) => now - entry.storedAt >= limits.blobLifeMs)
    if (old.length === 0) return
    const result = await committer.submit({ bytes: 0, run: (batch) => expireBlobs(batch, old) })
    if (result !== undefined || found.length < SWEEP_STEP) return
  }
}

export async function sweepExpired(context: SweepContext, signal: AbortSignal): Promise<void> {
  await sweepDue(context, signal)
  await sweepBlobs(context, signal)
}
