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

/** What is held, in all and by whom it came from: kept up to date, since it is asked for at every block. */
export interface Ledger {
  readonly total: Usage
  readonly by: Map<string, Usage>
  ephemeral: number
}

export function emptyLedger(): Ledger {
  return { total: { bytes: 0, objects: 0 }, by: new Map(), ephemeral: 0 }
}

/** Counts an object in (1), out (-1), or only its bytes (0). */
export function enter(ledger: Ledger, held: Held, objects: 1 | 0 | -1, bytes: number): void {
  const mine = ledger.by.get(held.from) ?? { bytes: 0, objects: 0 }
  ledger.by.set(held.from, mine)
  for (const usage of [ledger.total, mine]) {
    usage.bytes += bytes
    usage.objects += objects
  }
  if (held.memory !== undefined) ledger.ephemeral += objects
  if (mine.objects === 0) ledger.by.delete(held.from)
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
  ledger: Ledger,
): Held[] | undefined {
  const total = { ...ledger.total }
  const share = { bytes: room.quotaBytes * NEIGHBOUR_SHARE, objects: room.maxObjects * NEIGHBOUR_SHARE }
  const mine = { bytes: 0, objects: 0, ...ledger.by.get(newcomer.from) }
  const objects = need.added ? 1 : 0
  const fits = (usage: Usage, limit: Usage): boolean =>
    usage.bytes + need.bytes <= limit.bytes && usage.objects + objects <= limit.objects
  const whole = { bytes: room.quotaBytes, objects: room.maxObjects }
  const shared = newcomer.keeping === 'own' ? whole : share
  const dropped: Held[] = []
  if (fits(mine, shared) && fits(total, whole)) return dropped
  for (const victim of victims(all, newcomer, ledger.by, now)) {
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
