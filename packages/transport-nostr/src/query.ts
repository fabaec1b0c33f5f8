/** Asking relays for all they have, page by page; each event verified and held against what was asked. */
import { type Clock, CoreError, type IoOptions, type Logger } from '@hyphae/core'
import { NostrError } from './errors.js'
import { type NostrEvent, verifyEvent } from './event.js'
import { type Filter, matches } from './filter.js'
import { MAX_PAGES, PAGE_EVENTS, PUBLISH_TIMEOUT_MS, SHORTEST_PAGE } from './limits.js'
import type { Nostr } from './nostr.js'
import type { NostrRelay } from './relay.js'

export interface PoolContext {
  readonly nostr: Nostr
  readonly relays: readonly NostrRelay[]
  readonly clock: Clock
  readonly logger: Logger
}

export interface QueryOptions extends IoOptions {
  /** At most so many pages of each relay; MAX_PAGES when left out. */
  readonly pages?: number
}

export const byTime = (a: NostrEvent, b: NostrEvent): number =>
  a.created_at - b.created_at || (a.id < b.id ? -1 : Number(a.id > b.id))

/** The event as verified, or null: forged, malformed or not asked for. */
export function checked(
  { nostr, logger }: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  value: unknown,
): NostrEvent | null {
  let event: NostrEvent | null = null
  try {
    event = verifyEvent(nostr, value)
  } catch {
    // Malformed is no better than forged.
  }
  if (event !== null && matches(filter, event)) return event
  logger.warn('nostr: a relay sent an event that is forged or was not asked for', { relay: relay.url })
  return null
}

/** One answer of one relay: at most PAGE_EVENTS stored events. */
function onePage(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  signal: AbortSignal,
): Promise<NostrEvent[]> {
  const { promise, resolve, reject } = deferred<NostrEvent[]>()
  const found: NostrEvent[] = []
  const stop = relay.subscribe([{ ...filter, limit: PAGE_EVENTS }], {
    event: (value) => {
      const event = checked(context, relay, filter, value)
      if (event !== null) found.push(event)
    },
    stored: () => resolve(found),
  })
  const aborted = (): void => reject(new CoreError('core/aborted', { cause: signal.reason }))
  if (signal.aborted) aborted()
  signal.addEventListener('abort', aborted, { once: true })
  return promise.finally(() => {
    signal.removeEventListener('abort', aborted)
    stop()
  })
}

/** Everything one relay has: page by page into the past, until a page brings nothing new. */
export async function allOf(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  signal: AbortSignal,
  pages: number = MAX_PAGES,
): Promise<Map<string, NostrEvent>> {
  const found = new Map<string, NostrEvent>()
  let until = filter.until
  for (let page = 0; page < pages; page++) {
    const before = found.size
    const asked = until === undefined ? filter : { ...filter, until }
    const events = await onePage(context, relay, asked, signal)
    for (const event of events) found.set(event.id, event)
    // Relays cap below what was asked, so a page is the last when it brings nothing new or hardly anything.
    if (found.size === before || events.length < SHORTEST_PAGE) break
    until = Math.min(...events.map((event) => event.created_at))
  }
  return found
}

export async function queryAll(
  context: PoolContext,
  filter: Filter,
  { signal, pages }: QueryOptions = {},
): Promise<NostrEvent[]> {
  const over = new AbortController()
  const aborted = (): void => over.abort(signal?.reason)
  if (signal?.aborted) aborted()
  signal?.addEventListener('abort', aborted, { once: true })
  const late = new AbortController()
  context.clock.sleep(PUBLISH_TIMEOUT_MS, late.signal).then(
    () => over.abort(),
    () => {},
  )
  const answers = await Promise.allSettled(
    context.relays.map((relay) => allOf(context, relay, filter, over.signal, pages)),
  )
  late.abort()
  signal?.removeEventListener('abort', aborted)
  if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  if (found.length === 0) throw new NostrError('nostr/unreachable')
  return [...new Map(found.flatMap((events) => [...events])).values()].sort(byTime)
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(reason: unknown): void
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
