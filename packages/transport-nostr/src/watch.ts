/**
 * A watch over several relays: each event once, in batches. Holds a bounded number of events; what had no room is fetched
 * again when the reader has caught up, for the relays still have it.
 */
import { backoffMs } from '@hyphae/transport'
import { onAbort } from './abort.js'
import { type NostrEvent, readEvent } from './event.js'
import type { Filter } from './filter.js'
import { KIND_GIFT_WRAP } from './kinds.js'
import {
  CLOCK_TOLERANCE_SECONDS,
  FULL_QUESTION_SECONDS,
  MAX_BACKDATING_SECONDS,
  MAX_SEEN_EVENTS,
  MAX_WAITING_EVENTS,
  PAGE_EVENTS,
} from './limits.js'
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

/**
 * Asks one relay for everything, until it answers: whether it has told all. Never rejects: a connection that was lost is
 * asked when it is back.
 */
async function catchUp(
  context: PoolContext,
  relay: NostrRelay,
  filter: Filter,
  watching: Watching,
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    const found = await allOf(context, relay, filter, signal).catch(() => undefined)
    if (found !== undefined) {
      offer(watching, [...found.events.values()].sort(byTime))
      return found.complete
    }
    await context.clock.sleep(backoffMs(attempt, context.random), signal, true).catch(() => {})
  }
  return false
}

/** When a relay has last told all it had, and when it was last asked without `since`; seconds since 1970. */
interface Completeness {
  readonly at: number
  readonly fullAt: number
}

/**
 * What a relay is asked for that has told all it had. Wraps are dated back and clocks differ, so some time before is asked
 * for again, and now and then everything, also when our own clock has gone back; of other events nobody knows how they
 * are dated.
 */
function since(filter: Filter, complete: Completeness | undefined, now: number): Filter {
  const wraps = filter.kinds?.length === 1 && filter.kinds[0] === KIND_GIFT_WRAP
  if (complete === undefined || !wraps || filter.since !== undefined) return filter
  if (complete.at > now || now - complete.fullAt > FULL_QUESTION_SECONDS) return filter
  return { ...filter, since: Math.max(0, complete.at - MAX_BACKDATING_SECONDS - CLOCK_TOLERANCE_SECONDS) }
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
  let askedAt = 0
  let known: Completeness | undefined
  let held: NostrEvent[] | undefined = []
  const tellAll = async (asked: number): Promise<void> => {
    const question = since(filter, known, askedAt)
    const complete = await catchUp(context, relay, question, watching, signal)
    if (asked !== connection || held === undefined) return
    offer(watching, held.sort(byTime))
    held = undefined
    const fullAt = question === filter || known === undefined ? askedAt : known.fullAt
    if (complete) known = { at: askedAt, fullAt }
  }
  return relay.subscribe(
    { ...filter, limit: 1 },
    {
      asked: () => {
        connection += 1
        askedAt = Math.floor(context.clock.now() / 1000)
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
      stored: () => void tellAll(connection),
    },
  )
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
  const unheed = onAbort(signal, end)
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
    unheed()
    over.abort()
    for (const stop of stops) stop()
  }
}
