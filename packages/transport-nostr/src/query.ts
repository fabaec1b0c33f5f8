/** Asking relays for all they have, page by page; each event verified and held against what was asked. */
import { type Clock, CoreError, type IoOptions, type Logger } from '@hyphae/core'
import { onAbort } from './abort.js'
import { NostrError } from './errors.js'
import { type NostrEvent, verifyEvent } from './event.js'
import { type Filter, matches } from './filter.js'
import { MAX_PAGES, PAGE_EVENTS, PUBLISH_TIMEOUT_MS, SHORTEST_PAGE, UNREACHABLE_MS } from './limits.js'
import type { Nostr } from './nostr.js'
import type { NostrRelay } from './relay.js'

export interface PoolContext {
  readonly nostr: Nostr
  readonly relays: readonly NostrRelay[]
  readonly clock: Clock
  readonly logger: Logger
  /** Uniform in [0, 1): spreads retries. */
  readonly random: () => number
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

interface Page {
  readonly events: readonly NostrEvent[]
  /** The relay said that this was all it has to this question. */
  readonly complete: boolean
}

/** What one relay has told. */
export interface Found {
  readonly events: ReadonlyMap<string, NostrEvent>
  /** It told all it has, as it says. */
  readonly complete: boolean
}

/** One answer of one relay: at most PAGE_EVENTS stored events. @throws NostrError `nostr/unreachable` when it refuses */
function onePage(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  signal: AbortSignal,
): Promise<Page> {
  return relay.slots.run(async () => {
    if (signal.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
    const { promise, resolve, reject } = deferred<Page>()
    const found: NostrEvent[] = []
    const stop = relay.subscribe(
      { ...filter, limit: PAGE_EVENTS },
      {
        event: (value) => {
          const event = checked(context, relay, filter, value)
          if (event !== null) found.push(event)
        },
        stored: (complete) => resolve({ events: found, complete }),
        refused: () => reject(new NostrError('nostr/unreachable')),
      },
    )
    const unheed = onAbort(signal, () => reject(new CoreError('core/aborted', { cause: signal.reason })))
    return promise.finally(() => {
      unheed()
      stop()
    })
  })
}

/** Everything one relay has: page by page into the past, until a page brings nothing new. */
export async function allOf(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  signal: AbortSignal,
  pages: number = MAX_PAGES,
): Promise<Found> {
  const found = new Map<string, NostrEvent>()
  let until = filter.until
  for (let page = 0; page < pages; page++) {
    const before = found.size
    const asked = until === undefined ? filter : { ...filter, until }
    const { events, complete } = await onePage(context, relay, asked, signal)
    for (const event of events) found.set(event.id, event)
    if (!complete) return { events: found, complete }
    // Relays cap below what was asked, so a page is the last when it brings nothing new or hardly anything.
    if (found.size === before || events.length < SHORTEST_PAGE) break
    until = Math.min(...events.map((event) => event.created_at))
  }
  return { events: found, complete: true }
}

export async function queryAll(
  context: PoolContext,
  filter: Filter,
  { signal, pages }: QueryOptions = {},
): Promise<NostrEvent[]> {
  const over = new AbortController()
  if (signal?.aborted) over.abort(signal.reason)
  const unheed = onAbort(signal, () => over.abort(signal?.reason))
  const late = new AbortController()
  giveUp(context, late.signal).then(
    () => over.abort(),
    () => {},
  )
  const answers = await Promise.allSettled(
    context.relays.map((relay) => allOf(context, relay, filter, over.signal, pages)),
  )
  late.abort()
  unheed()
  if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.events] : []))
  if (found.length === 0) throw new NostrError('nostr/unreachable')
  return [...new Map(found.flatMap((events) => [...events])).values()].sort(byTime)
}

/** Resolves when no more is to be expected: sooner where there is no connection at all. */
async function giveUp({ clock, relays }: PoolContext, over: AbortSignal): Promise<void> {
  await clock.sleep(UNREACHABLE_MS, over)
  if (relays.some((relay) => relay.isOpen())) await clock.sleep(PUBLISH_TIMEOUT_MS - UNREACHABLE_MS, over)
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
