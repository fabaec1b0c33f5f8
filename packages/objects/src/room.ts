/**
 * Who must go when there is no room (spec/objects.md, "Quota"): what is less important than the newcomer, the least
 * important and the shortest-lived first; among equals, what came from a neighbour that fills more of the quota.
 */
import { type Held, lifeLeft, rank } from './held.js'
import { NEIGHBOUR_SHARE } from './limits.js'

export interface Room {
  readonly quotaBytes: number
  readonly maxObjects: number
}

interface Usage {
  bytes: number
  objects: number
}

function usageOf(all: Iterable<Held>): { readonly total: Usage; readonly by: ReadonlyMap<string, Usage> } {
  const total = { bytes: 0, objects: 0 }
  const by = new Map<string, Usage>()
  for (const held of all) {
    const mine = by.get(held.from) ?? { bytes: 0, objects: 0 }
    by.set(held.from, mine)
    for (const usage of [total, mine]) {
      usage.bytes += held.bytes
      usage.objects += 1
    }
  }
  return { total, by }
}

/**
 * The objects to drop so that `bytes` (and one more object, when `added`) fit; undefined when that cannot be, by what
 * is less important alone.
 */
export function makeRoom(
  all: ReadonlyMap<string, Held>,
  newcomer: Held,
  need: { readonly bytes: number; readonly added: boolean },
  room: Room,
  now: number,
): Held[] | undefined {
  const { total, by } = usageOf(all.values())
  const share = { bytes: room.quotaBytes * NEIGHBOUR_SHARE, objects: room.maxObjects * NEIGHBOUR_SHARE }
  const mine = by.get(newcomer.from) ?? { bytes: 0, objects: 0 }
  const objects = need.added ? 1 : 0
  const fits = (usage: Usage, limit: Usage): boolean =>
    usage.bytes + need.bytes <= limit.bytes && usage.objects + objects <= limit.objects
  const whole = { bytes: room.quotaBytes, objects: room.maxObjects }
  const shared = newcomer.keeping === 'own' ? whole : share
  const dropped: Held[] = []
  if (fits(mine, shared) && fits(total, whole)) return dropped
  for (const victim of victims(all, newcomer, by, now)) {
    const inShare = fits(mine, shared)
    if (inShare && fits(total, whole)) break
    if (!inShare && victim.from !== newcomer.from) continue
    dropped.push(victim)
    for (const usage of victim.from === newcomer.from ? [total, mine] : [total]) {
      usage.bytes -= victim.bytes
      usage.objects -= 1
    }
  }
  return fits(mine, shared) && fits(total, whole) ? dropped : undefined
}

/** Those that may yield to the newcomer, the first to go first. */
function victims(
  all: ReadonlyMap<string, Held>,
  newcomer: Held,
  by: ReadonlyMap<string, Usage>,
  now: number,
): Held[] {
  const ours = by.get(newcomer.from)?.bytes ?? 0
  const yields = (held: Held): boolean => {
    if (held.keeping === 'own' || held.id === newcomer.id) return false
    if (newcomer.keeping === 'own' || rank(held) > rank(newcomer)) return true
    const theirs = by.get(held.from)?.bytes ?? 0
    return rank(held) === rank(newcomer) && theirs > ours + newcomer.header.size
  }
  return [...all.values()]
    .filter(yields)
    .sort((a, b) => rank(b) - rank(a) || lifeLeft(a, now) - lifeLeft(b, now))
}
