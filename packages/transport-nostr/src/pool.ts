/**
 * Several relays as one: an event goes to all and counts when one has it; what they send is verified, held against what
 * was asked, and given once. A relay that was away is asked for all it has when it is back.
 */
import type { IoOptions } from '@hyphae/core'
import type { NostrEvent } from './event.js'
import type { Filter } from './filter.js'
import { type PoolContext, type QueryOptions, queryAll } from './query.js'
import { watchAll } from './watch.js'

/** A live resource. */
export interface NostrPool extends AsyncDisposable {
  readonly relays: readonly string[]
  /** Resolves when one relay has stored the event; the others go on. @throws NostrError `nostr/unreachable`, `nostr/refused` */
  publish(event: NostrEvent, options?: IoOptions): Promise<void>
  /** All that the relays have, oldest first. @throws NostrError `nostr/unreachable` when none answers in time */
  query(filter: Filter, options?: QueryOptions): Promise<NostrEvent[]>
  /**
   * What the relays have and what comes, in batches: one for each relay that has told all it has, oldest first in it,
   * then one for each event. Each event once, until the signal fires or the pool is closed. Survives reconnects.
   */
  watch(filter: Filter, options?: IoOptions): AsyncIterable<readonly NostrEvent[]>
  close(): Promise<void>
}

export function createPool(context: PoolContext): NostrPool {
  const closing = new AbortController()
  const close = async (): Promise<void> => {
    closing.abort()
    for (const relay of context.relays) relay.close()
  }
  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  return {
    relays: context.relays.map(({ url }) => url),
    publish: (event, { signal } = {}) => publishToAll(context, event, signal),
    query: (filter, options) => queryAll(context, filter, options),
    watch: (filter, { signal } = {}) => watchAll(context, filter, until(signal)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function publishToAll({ relays }: PoolContext, event: NostrEvent, signal?: AbortSignal): Promise<void> {
  try {
    await Promise.any(relays.map((relay) => relay.publish(event, signal)))
  } catch (error) {
    const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error]
    const telling = reasons.find((reason) => (reason as { code?: unknown }).code !== 'nostr/refused')
    throw telling ?? reasons[0]
  }
}
