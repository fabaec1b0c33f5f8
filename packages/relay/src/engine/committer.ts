/**
 * Group commit: everything that arrived while the last batch was being synced goes into the next.
 *
 * spec/relay.md section 5. Jobs run one after another, so a job may read, decide and write without a lock.
 * Nobody is answered before the batch that holds the job's writes is durable. No timer: an idle store commits
 * at once, a busy one commits as many jobs as came during one sync.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { MAX_BATCH_BYTES, MAX_BATCH_JOBS, STORAGE_RETRY_MS } from '../limits.js'
import { type Batch, type OpenBatch, openBatch } from './batch.js'
import { type Counters, copyCounters, encodeCounters } from './counters.js'
import type { Database } from './database.js'
import type { DuePages } from './due-page.js'
import { type Refusal, refuse } from './engine.js'
import { META_KEY } from './keys.js'

export interface Job<T> {
  /** Keys `run` reads with `known`. A function is asked when all batches before are durable. */
  readonly reads?: readonly Uint8Array[] | (() => readonly Uint8Array[])
  /** Weight against the queue's budget. */
  readonly bytes: number
  run(batch: Batch): T | Promise<T>
}

export interface CommitState {
  database: Database
  counters: Counters
  readonly pages: DuePages
}

export interface Committer {
  /** The job's result, or `storage-failed` when its batch did not become durable. */
  submit<T>(job: Job<T>): Promise<T | Refusal>
  queuedBytes(): number
  /** Waits for all that was submitted; later submits are refused. */
  finish(): Promise<void>
}

interface Entry {
  readonly job: Job<unknown>
  readonly resolve: (result: unknown) => void
}

const failed = (): Refusal => refuse('storage-failed', STORAGE_RETRY_MS)

async function build(batch: OpenBatch, entries: readonly Entry[]): Promise<unknown[]> {
  const keys: Uint8Array[] = []
  for (const { job } of entries) {
    const reads = typeof job.reads === 'function' ? job.reads() : job.reads
    if (reads !== undefined) for (const key of reads) keys.push(key)
  }
  if (keys.length > 0) await batch.prefetch(keys)
  const results: unknown[] = []
  for (const { job } of entries) {
    const result = job.run(batch)
    results.push(result instanceof Promise ? await result : result)
  }
  return results
}

async function commit(state: CommitState, entries: readonly Entry[]): Promise<unknown[]> {
  let results: unknown[] = []
  let batch: OpenBatch | undefined
  await state.database.transact(async (stage) => {
    batch = openBatch(state.database, stage, copyCounters(state.counters), state.pages)
    results = await build(batch, entries)
    batch.finish()
    if (stage.rows > 0) batch.append(META_KEY, encodeCounters(batch.counters))
  })
  if (batch === undefined) throw new Error('a transaction was not filled')
  state.counters = batch.counters
  for (const effect of batch.effects) effect.durable()
  return results
}

/** How many entries from the front go into one batch. */
function batchLength(queue: readonly Entry[]): number {
  let bytes = 0
  const most = Math.min(queue.length, MAX_BATCH_JOBS)
  for (let i = 0; i < most; i++) {
    bytes += (queue[i] as Entry).job.bytes
    if (bytes > MAX_BATCH_BYTES && i > 0) return i
  }
  return most
}

/** `recover` brings `state` back to what is on disk; until it resolves, everything is refused. */
export function createCommitter(state: CommitState, recover: (error: unknown) => Promise<void>): Committer {
  let queue: Entry[] = []
  let queued = 0
  let running: Promise<void> | undefined
  let refusing = false

  const settle = (entries: readonly Entry[], results: readonly unknown[] | undefined): void => {
    entries.forEach(({ job, resolve }, i) => {
      queued -= job.bytes
      resolve(results === undefined ? failed() : results[i])
    })
  }
  const fail = async (entries: readonly Entry[], error: unknown): Promise<void> => {
    refusing = true
    settle(entries, undefined)
    settle(queue.splice(0), undefined)
    await recover(error)
    refusing = false
  }
  const drive = async (): Promise<void> => {
    while (queue.length > 0) {
      // What other connections have sent by now is read first.
      await turn()
      const entries = queue.splice(0, batchLength(queue))
      try {
        settle(entries, await commit(state, entries))
      } catch (error) {
        await fail(entries, error)
      }
    }
    running = undefined
  }
  return {
    submit: <T>(job: Job<T>) => {
      if (refusing) return Promise.resolve(failed())
      queued += job.bytes
      return new Promise<T | Refusal>((resolve) => {
        queue.push({ job, resolve: resolve as (result: unknown) => void })
        running ??= drive()
      })
    },
    queuedBytes: () => queued,
    finish: async () => {
      await running
      refusing = true
      queue = []
    },
  }
}
