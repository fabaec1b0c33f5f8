/** Group commit: what arrived while the last transaction ran goes into the next. spec/relay-engines.md section 3.2. */
import { MAX_BATCH, MAX_BATCH_BYTES } from './limits.js'

export interface Batcher<T, R> {
  submit(item: T, bytes: number): Promise<R>
  queuedBytes(): number
  /** Waits for all that was submitted. */
  finish(): Promise<void>
}

interface Entry<T, R> {
  readonly item: T
  readonly bytes: number
  resolve(result: R): void
  reject(error: unknown): void
}

/** `commit` gives one result an item, in their order. One batch runs at a time. */
export function createBatcher<T, R>(commit: (items: readonly T[]) => Promise<readonly R[]>): Batcher<T, R> {
  const queue: Entry<T, R>[] = []
  let queued = 0
  let running: Promise<void> | undefined

  const next = (): Entry<T, R>[] => {
    let count = 0
    for (let bytes = 0; count < queue.length && count < MAX_BATCH && bytes < MAX_BATCH_BYTES; count++)
      bytes += (queue[count] as Entry<T, R>).bytes
    return queue.splice(0, count)
  }
  const settle = async (batch: readonly Entry<T, R>[]): Promise<void> => {
    try {
      const results = await commit(batch.map(({ item }) => item))
      batch.forEach(({ resolve }, i) => {
        resolve(results[i] as R)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const drive = async (): Promise<void> => {
    // What arrives in this turn of the event loop belongs together.
    await Promise.resolve()
    while (queue.length > 0) {
      const batch = next()
      await settle(batch)
      for (const { bytes } of batch) queued -= bytes
    }
    running = undefined
  }
  return {
    submit: (item, bytes) =>
      new Promise((resolve, reject) => {
        queue.push({ item, bytes, resolve, reject })
        queued += bytes
        running ??= drive()
      }),
    queuedBytes: () => queued,
    finish: async () => {
      await running
    },
  }
}
