/**
 * Announcements (spec/objects.md, "Exchange"): a small object whole above 1 Mbps, or where it is critical; descriptions
 * above 10 kbps, 32-byte hints below. They are put together when the link has room, so that nothing waits for a thin one.
 */
import { byUrgency, type Held, isComplete, isSmall, lifeLeft } from './held.js'
import {
  BLOCK_TIMEOUT_MS,
  DIGEST_ABOVE_BPS,
  HELLO_INTERVAL_MS,
  MAX_DIGEST_ENTRIES,
  MAX_HASHES,
  MAX_MESSAGE_BYTES,
  MAX_TELLINGS,
  PUSH_ABOVE_BPS,
  RETRY_MS,
} from './limits.js'
import { type Entry, entryLength, type Message } from './message.js'
import { isFastEnough, type Neighbour } from './neighbour.js'
import { jittered, type NodeContext } from './node-context.js'

/** Hints in a 128-byte frame. */
const THIN_HINTS = 3

/** Something about an object is news for everybody who has not told it. */
export function tellAll(context: NodeContext, held: Held): void {
  for (const neighbour of context.neighbours.values()) tell(neighbour, held, true)
}

/**
 * All there is; small objects are not pushed, since most will be known. Returns when it may be told, if that is not now:
 * who says hello again and again is told now and then.
 */
export function tellEverything(context: NodeContext, neighbour: Neighbour): number | undefined {
  const now = context.clock.now()
  const { announced } = neighbour
  const [oldest = 0] = announced
  const since = now - oldest
  if (announced.length >= MAX_TELLINGS && since >= 0 && since < HELLO_INTERVAL_MS)
    return oldest + HELLO_INTERVAL_MS
  if (announced.length >= MAX_TELLINGS) announced.shift()
  announced.push(now)
  neighbour.told.clear()
  neighbour.unsure.clear()
  for (const held of context.shelf.objects.values()) tell(neighbour, held, false)
  return undefined
}

function tell(neighbour: Neighbour, held: Held, push: boolean): void {
  const told = neighbour.told.get(held.id)
  if (told === 'complete' || (told === 'described' && !isComplete(held))) return
  if (held.from === neighbour.name) return
  neighbour.toTell.set(held.id, { push })
  neighbour.outbound.fire()
}

export function entryOf(context: NodeContext, held: Held): Entry {
  const remaining = Math.max(1, Math.ceil(lifeLeft(held, context.clock.now()) / 1000))
  return { remaining, headerBytes: held.headerBytes }
}

/** The next announcement; undefined when there is nothing to tell. */
export async function nextTelling(context: NodeContext, neighbour: Neighbour): Promise<Message | undefined> {
  const now = context.clock.now()
  const known = [...neighbour.toTell.keys()].flatMap((id) => context.shelf.objects.get(id) ?? [])
  const waiting = known.filter((held) => lifeLeft(held, now) > 0).sort(byUrgency(now))
  const [first] = waiting
  if (first === undefined) {
    neighbour.toTell.clear()
    return undefined
  }
  const pushed =
    neighbour.toTell.get(first.id)?.push === true ? await push(context, neighbour, first) : undefined
  if (pushed !== undefined) {
    mark(context, neighbour, [first])
    return pushed
  }
  return neighbour.traits.bandwidthBps > DIGEST_ABOVE_BPS
    ? digest(context, neighbour, waiting)
    : hint(context, neighbour, waiting)
}

async function push(context: NodeContext, neighbour: Neighbour, held: Held): Promise<Message | undefined> {
  const broad = neighbour.traits.bandwidthBps > PUSH_ABOVE_BPS
  if (!(broad || held.header.priority === 'critical')) return undefined
  if (!isSmall(held) || !isFastEnough(neighbour, held)) return undefined
  const payload = await context.shelf.block(held, 0)
  return payload && { kind: 'object', entry: entryOf(context, held), payload }
}

function digest(context: NodeContext, neighbour: Neighbour, waiting: readonly Held[]): Message {
  const taken: Held[] = []
  let bytes = 0
  for (const held of waiting) {
    bytes += entryLength(held.headerBytes)
    if (bytes > MAX_MESSAGE_BYTES || taken.length === MAX_DIGEST_ENTRIES) break
    taken.push(held)
  }
  mark(context, neighbour, taken)
  return { kind: 'digest', entries: taken.map((held) => entryOf(context, held)) }
}

function hint(context: NodeContext, neighbour: Neighbour, waiting: readonly Held[]): Message {
  const taken = waiting.slice(0, neighbour.cutting.thin ? THIN_HINTS : MAX_HASHES)
  mark(context, neighbour, taken)
  return { kind: 'hint', hashes: taken.map(({ hash }) => hash) }
}

function mark(context: NodeContext, neighbour: Neighbour, told: readonly Held[]): void {
  const now = context.clock.now()
  for (const held of told) {
    neighbour.toTell.delete(held.id)
    neighbour.told.set(held.id, isComplete(held) ? 'complete' : 'described')
    if (neighbour.traits.reliable) continue
    const tries = (neighbour.unsure.get(held.id)?.tries ?? 0) + 1
    neighbour.unsure.set(held.id, {
      at: now + BLOCK_TIMEOUT_MS + jittered(context, RETRY_MS[0] as number),
      tries,
    })
  }
  neighbour.attention.fire()
}

/** The neighbour knows of an object: it need not be told, nor told again. */
export function heardOf(neighbour: Neighbour, id: string): void {
  neighbour.unsure.delete(id)
}

/** Tells again what an unreliable link may have lost; returns when to look again. */
export function tellAgain(context: NodeContext, neighbour: Neighbour, now: number): number {
  let next = Number.POSITIVE_INFINITY
  for (const [id, { at, tries }] of neighbour.unsure) {
    const held = context.shelf.objects.get(id)
    if (held === undefined || tries > RETRY_MS.length) neighbour.unsure.delete(id)
    else if (at > now) next = Math.min(next, at)
    else {
      neighbour.unsure.set(id, { at: Number.POSITIVE_INFINITY, tries })
      neighbour.told.delete(id)
      tell(neighbour, held, false)
    }
  }
  return next
}
