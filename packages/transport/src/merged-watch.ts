/**
 * Several watches of one box as one: each frame once, in order of first arrival. A carrier that fails is watched
 * again after a growing wait while the others go on. Each carrier is read one delivery ahead of the consumer, no
 * further.
 */
import { type Clock, type Delivery, isHyphaeError, type Logger } from '@hyphae/core'
import { type AckLedger, createAckLedger } from './ack-ledger.js'
import { backoffMs } from './backoff.js'
import { allFailed } from './first-success.js'
import { MAX_DEDUPE_BYTES } from './limits.js'
import { createNotifier, type Notifier } from './notifier.js'

export interface WatchSource {
  readonly name: string
  watch(signal: AbortSignal): AsyncIterable<Delivery>
}

export interface MergeContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  /** Gives a number higher than all before. */
  readonly nextIndex: () => number
}

interface Waiting {
  readonly delivery: Delivery
  /** Lets the pump that brought it go on. */
  taken(): void
}

interface Merge {
  readonly context: MergeContext
  readonly ledger: AckLedger
  readonly stop: AbortSignal
  readonly waiting: Waiting[]
  readonly changed: Notifier
}

export async function* mergeWatches(
  sources: readonly WatchSource[],
  context: MergeContext,
  signal?: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  if (signal?.aborted) return
  const ending = new AbortController()
  const end = (): void => ending.abort()
  signal?.addEventListener('abort', end, { once: true })
  const merge = createMerge(sources, context, ending.signal)
  const errors: unknown[] = []
  let running = sources.length
  for (const [index, source] of sources.entries())
    void pump(merge, source, index)
      .catch((error: unknown) => errors.push(error))
      .finally(() => {
        running -= 1
        merge.changed.wake()
      })
  try {
    while (!ending.signal.aborted) {
      const next = merge.waiting.shift()
      if (next !== undefined) {
        next.taken()
        yield next.delivery
      } else if (running === 0) break
      else await merge.changed.wait(ending.signal)
    }
    if (!ending.signal.aborted && errors.length === sources.length) throw allFailed(errors)
  } finally {
    signal?.removeEventListener('abort', end)
    end()
    for (const { taken } of merge.waiting) taken()
  }
}

function createMerge(sources: readonly WatchSource[], context: MergeContext, stop: AbortSignal): Merge {
  const ledger = createAckLedger({
    sources: sources.length,
    maxBytes: MAX_DEDUPE_BYTES,
    nextIndex: context.nextIndex,
    onFailure: (source, error) => {
      context.logger.warn('a carrier refused an acknowledgement', failureFields(sources[source], error))
    },
  })
  return { context, ledger, stop, waiting: [], changed: createNotifier() }
}

/** Watches one carrier until it ends, is stopped, or fails in a way that trying again cannot change. */
async function pump(merge: Merge, source: WatchSource, index: number): Promise<void> {
  const { context, stop } = merge
  let failures = 0
  while (!stop.aborted) {
    try {
      for await (const delivery of source.watch(stop)) {
        failures = 0
        await offer(merge, index, delivery)
        if (stop.aborted) return
      }
      return
    } catch (error) {
      if (stop.aborted) return
      context.logger.warn('a carrier failed while watching', failureFields(source, error))
      if (isHyphaeError(error) && !error.retryable) throw error
      await context.clock.sleep(backoffMs(failures, context.random), stop).catch(() => {})
      failures += 1
    }
  }
}

/** Resolves when the consumer has taken the delivery; at once for a copy. */
function offer({ ledger, waiting, changed }: Merge, source: number, delivery: Delivery): Promise<void> {
  const index = ledger.arrive(source, delivery)
  if (index === undefined) return Promise.resolve()
  return new Promise((taken) => {
    const merged = { frame: delivery.frame, cursor: index, ack: () => ledger.acknowledge(index) }
    waiting.push({ delivery: merged, taken })
    changed.wake()
  })
}

function failureFields(source: WatchSource | undefined, error: unknown): Record<string, string> {
  return { carrier: source?.name ?? '', code: isHyphaeError(error) ? error.code : 'unknown' }
}
