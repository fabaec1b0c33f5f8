/**
 * A watch over several relays: each event once, in batches. Holds a bounded number of events; what had no room is fetched
 * again when the reader has caught up, for the relays still have it.
 */
import { type NostrEvent, readEvent } from './event.js'
import type { Filter } from './filter.js'
import { MAX_SEEN_EVENTS, MAX_WAITING_EVENTS, PAGE_EVENTS } from './limits.js'
import { allOf, byTime, checked, type PoolContext } from './query.js'
import type { NostrRelay } from './relay.js'

interface Watching {
  readonly batches: NostrEvent[][]
  readonly seen: Set<string>
  waiting: number
  /** Something was dropped because nobody read; the relays still have it. */
  missed: boolean
  wake(): void
}

/** Takes what is new, as far as there is room for it. */
function offer(watching: Watching, events: readonly NostrEvent[]): void {
  const fresh = events.filter(({ id }) => !watching.seen.has(id))
  const batch = fresh.slice(0, MAX_WAITING_EVENTS - watching.waiting)
  watching.missed ||= batch.length < fresh.length
  if (batch.length === 0) return
  for (const { id } of batch) remember(watching.seen, id)
  watching.waiting += batch.length
  watching.batches.push(batch)
  watching.wake()
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id)
  if (seen.size > MAX_SEEN_EVENTS) seen.delete(seen.values().next().value as string)
}

/** Asks one relay for everything. Never rejects: a connection that was lost is asked when it is back. */
async function catchUp(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  watching: Watching,
  signal: AbortSignal,
): Promise<void> {
  const found = await allOf(context, relay, filter, signal).catch(() => undefined)
  if (found !== undefined) offer(watching, [...found.values()].sort(byTime))
}

function claimedId(value: unknown): string | undefined {
  try {
    return readEvent(value).id
  } catch {
    return undefined
  }
}

/**
 * One relay of a watch. On each connection everything it has is fetched page by page; what comes meanwhile is held
 * back, so that it does not overtake what is older.
 */
function watchRelay(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  watching: Watching,
  signal: AbortSignal,
): () => void {
  let connection = 0
  let held: NostrEvent[] | undefined = []
  return relay.subscribe([{ ...filter, limit: 1 }], {
    asked: () => {
      connection += 1
      held = []
    },
    event: (value) => {
      // Copies from other relays are dropped before they cost a signature; a forgery cannot hide what has not come.
      if (watching.seen.has(claimedId(value) ?? '')) return
      const event = checked(context, relay, filter, value)
      if (event === null) return
      if (held !== undefined && held.length < PAGE_EVENTS) held.push(event)
      else offer(watching, [event])
    },
    stored: () => {
      const asked = connection
      void catchUp(context, relay, filter, watching, signal).then(() => {
        if (asked !== connection || held === undefined) return
        offer(watching, held.sort(byTime))
        held = undefined
      })
    },
  })
}

export async function* watchAll(
  context: PoolContext,
  filter: Filter,
  signal?: AbortSignal,
): AsyncGenerator<readonly NostrEvent[], void, undefined> {
  if (signal?.aborted) return
  const { relays } = context
  const over = new AbortController()
  const watching: Watching = { batches: [], seen: new Set(), waiting: 0, missed: false, wake: () => {} }
  const end = (): void => {
    over.abort()
    watching.wake()
  }
  signal?.addEventListener('abort', end, { once: true })
  const stops = relays.map((relay) => watchRelay(context, relay, filter, watching, over.signal))
  try {
    while (!over.signal.aborted) {
      const batch = watching.batches.shift()
      if (batch !== undefined) {
        yield batch
        watching.waiting -= batch.length
      } else if (watching.missed) {
        watching.missed = false
        await Promise.all(relays.map((relay) => catchUp(context, relay, filter, watching, over.signal)))
      } else {
        await new Promise<void>((resolve) => {
          watching.wake = resolve
        })
      }
    }
  } finally {
    signal?.removeEventListener('abort', end)
    over.abort()
    for (const stop of stops) stop()
  }
}
