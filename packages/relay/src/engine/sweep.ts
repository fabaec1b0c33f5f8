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
import { type Due, decodeDues, dueWindowMs } from './due.js'
import { addDue, createDuePages, type DuePages, finishPages } from './due-page.js'
import { BLOB_TIME_RANGE, blobTimeKey, boxName, DUE_RANGE, dueKey, idKey, readSeq } from './keys.js'
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

/** What an entry of what is due says, and its key. */
interface Entry {
  readonly key: Uint8Array
  readonly dues: readonly Due[]
}

/** True when nothing of it is left; false when it has to be looked at again, at `due.end`. */
function expireFrame(batch: Batch, due: Due, { positions, now }: SweepContext): boolean {
  const name = boxName(due.name)
  const [place] = positions().has(name, due.seq) ? positions().after(name, due.seq - 1, 1) : []
  const gone = due.seq <= (batch.droppedUpTo.get(name) ?? 0) || batch.dropped.has(due.seq)
  if (place !== undefined && !gone) {
    if (now < due.end) return false
    removeFrames(batch, due.name, [place])
    batch.dropped.add(due.seq)
    batch.afterwards(() => positions().remove(name, due.seq))
  }
  batch.del(idKey(due.name, due.id))
  return true
}

/** True when the entry is done with. */
async function expireOther(batch: Batch, due: Due, context: SweepContext): Promise<boolean> {
  if (due.kind === 'terms') return expireTerms(batch, due, context.now, context.terms())
  if (due.kind === 'log') return expireLog(batch, due, context.now)
  expireSpend(batch, due.name)
  return true
}

/** What is not done with goes into entries of its own, by when it is looked at again. */
async function expireEntry(
  batch: Batch,
  { key, dues }: Entry,
  later: DuePages,
  context: SweepContext,
): Promise<void> {
  for (const due of dues) {
    const { kind, at, end, seq, name, id } = due
    const looked = kind !== 'frame' || at <= context.now
    const done =
      looked && (kind === 'frame' ? expireFrame(batch, due, context) : await expireOther(batch, due, context))
    if (done) batch.counters.rows = Math.max(0, batch.counters.rows - 1)
    else if (kind === 'frame') addDue(later, looked ? end : at, end, seq, name, id, batch.append)
    else return
  }
  batch.del(key)
}

async function expireAll(batch: Batch, entries: readonly Entry[], context: SweepContext): Promise<void> {
  const later = createDuePages(dueWindowMs(context.limits))
  for (const entry of entries) await expireEntry(batch, entry, later, context)
  finishPages(later, batch.append)
}

/** Cuts entries into steps, so that none holds up requests for long. */
function* stepsOf(entries: readonly Entry[]): Generator<readonly Entry[]> {
  let step: Entry[] = []
  let count = 0
  for (const entry of entries) {
    step.push(entry)
    count += entry.dues.length
    if (count < SWEEP_STEP) continue
    yield step
    step = []
    count = 0
  }
  if (step.length > 0) yield step
}

async function sweepDue(context: SweepContext, signal: AbortSignal): Promise<void> {
  const { committer, now, database } = context
  const range = { gte: DUE_RANGE.gte, lt: dueKey(now + 1, 0), limit: SWEEP_STEP }
  while (!signal.aborted) {
    const found = await database().entries(range)
    const entries = found.map(([key, value]) => ({ key, dues: decodeDues(key, value) }))
    for (const step of stepsOf(entries)) {
      const result = await committer.submit({ bytes: 0, run: (batch) => expireAll(batch, step, context) })
      if (result !== undefined || signal.aborted) return
    }
    if (found.length < SWEEP_STEP) return
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
