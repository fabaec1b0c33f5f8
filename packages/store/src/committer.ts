/**
 * Serial transactions with group commit (spec/store.md, "Transactions").
 *
 * Transactions run one at a time. One that has finished joins the waiting batch and the next starts, reading
 * through it; while one batch is being written, the finished ones gather in the next. A promise resolves when
 * its batch is durable. If a batch fails, everything that could have read from it fails with it: the waiting
 * batch, and the transaction that is running. So no result ever rests on a write that did not happen.
 */
import type { StoreTransaction } from '@hyphae/core'
import { asHyphaeError } from './errors.js'
import { MAX_GROUP_BYTES } from './limits.js'
import type { Layer, PendingWrite, ReadContext } from './pending.js'
import { type OpenTransaction, openTransaction } from './transaction.js'

interface Batch {
  readonly writes: Map<string, PendingWrite>
  readonly durable: Promise<void>
  resolve(): void
  reject(error: Error): void
  bytes: number
}

export interface Committer {
  run<T>(work: (tx: StoreTransaction) => Promise<T> | T): Promise<T>
  /** Resolves when everything started before has ended, well or badly. */
  drain(): Promise<void>
}

export function createCommitter(context: ReadContext): Committer {
  let turn: Promise<void> = Promise.resolve()
  let waiting: Batch | undefined
  let writing: Batch | undefined
  /** Set anew by every failed batch: a transaction that began under another one is lost. */
  let failure: { readonly error: Error } | undefined

  const takeWaiting = (): Batch | undefined => {
    const batch = waiting
    waiting = undefined
    return batch
  }
  const flush = async (): Promise<void> => {
    for (writing = takeWaiting(); writing !== undefined; writing = takeWaiting()) {
      try {
        await context.engine.write(sealBatch(context, writing))
        writing.resolve()
      } catch (cause) {
        const error = asHyphaeError(cause)
        failure = { error }
        for (const batch of [writing, takeWaiting()]) batch?.reject(error)
      }
    }
  }

  /** The promise that tells when all the transaction wrote, or could have read, is durable. */
  const enqueue = (transaction: OpenTransaction): Promise<void> => {
    if (transaction.writes.size === 0) return (waiting ?? writing)?.durable ?? Promise.resolve()
    const batch = waiting ?? newBatch()
    for (const [name, write] of transaction.writes) batch.writes.set(name, write)
    batch.bytes += transaction.size()
    waiting = batch
    if (writing === undefined) void flush()
    return batch.durable
  }

  const perform = async <T>(work: (tx: StoreTransaction) => Promise<T> | T): Promise<[T, Promise<void>]> => {
    if (waiting !== undefined && waiting.bytes >= MAX_GROUP_BYTES) await settled(writing?.durable)
    const began = failure
    const below: Layer[] = [waiting, writing].flatMap((batch) => (batch ? [batch.writes] : []))
    const check = (): void => {
      if (failure !== undefined && failure !== began) throw failure.error
    }
    const transaction = openTransaction(context, below, check)
    try {
      const result = await work(transaction.tx)
      check()
      return [result, enqueue(transaction)]
    } finally {
      transaction.end()
    }
  }

  return {
    run: async (work) => {
      const done = turn.then(() => perform(work))
      turn = settled(done)
      const [result, durable] = await done
      await durable
      return result
    },
    drain: async () => {
      await turn
      await settled((waiting ?? writing)?.durable)
    },
  }
}

function newBatch(): Batch {
  let resolve = (): void => {}
  let reject = (_error: Error): void => {}
  const durable = new Promise<void>((onDurable, onFailure) => {
    resolve = onDurable
    reject = onFailure
  })
  // A batch whose transactions have not come to await it yet must not count as an unhandled rejection.
  durable.catch(() => {})
  return { writes: new Map(), durable, resolve, reject, bytes: 0 }
}

function sealBatch(
  { codec }: ReadContext,
  batch: Batch,
): { key: Uint8Array; value: Uint8Array | undefined }[] {
  return Array.from(batch.writes.values(), ({ stored, tuple, value }) => ({
    key: stored,
    value: value === undefined ? undefined : codec.seal(stored, tuple, value),
  }))
}

async function settled(promise: Promise<unknown> | undefined): Promise<void> {
  try {
    await promise
  } catch {
    // Whoever awaits the promise itself learns of it.
  }
}
