/**
 * Which side of a split past the horizon stays (spec/ordering.md section 8). Nobody can process the other side's
 * commits any more, so members are counted: those that this member's own tree knows, each where it last said, signed,
 * that it stands. A fork of one member with many devices of its own making therefore counts for one.
 */
import { toHex } from '@hyphae/core'
import { members } from '../state.js'
import { type Draft, tipOf } from './draft.js'
import { pathTo } from './graph.js'
import type { Beacon } from './log.js'
import type { EpochTag } from './tag.js'

/**
 * `ours`: this member's branch stays. `behind`: it stays, and others are ahead on it in epochs that this member
 * cannot reach. `theirs`: another branch stays. `unknown`: nobody else has spoken.
 */
export type Standing = 'ours' | 'behind' | 'theirs' | 'unknown'

interface Side {
  readonly beacons: Beacon[]
  /** Of them, those that are not counted. */
  readonly doubtful: number
  readonly tags: Set<EpochTag>
}

function ownBeacon(draft: Draft): Beacon {
  const path = pathTo(draft.nodes, draft.tip).reverse()
  const key = toHex(draft.ctx.identity.signing.publicKey)
  return { key, nonce: 0, epoch: tipOf(draft).epoch, lineage: path.map(({ tag }) => tag) }
}

/** Committers of this branch have stood on it, unless they say otherwise. */
function heard(draft: Draft): Beacon[] {
  return pathTo(draft.nodes, draft.tip).flatMap(({ tag, epoch, link }) =>
    link === null || link.own
      ? []
      : [{ key: toHex(link.committer.signatureKey), nonce: 0, epoch, lineage: [tag] }],
  )
}

function isOn(side: Side, { lineage }: Beacon): boolean {
  const [tip] = lineage
  return (
    (tip !== undefined && side.tags.has(tip)) ||
    side.beacons.some((one) => lineage.includes(one.lineage[0] ?? ''))
  )
}

/** Since it joined it has followed nobody's commit, so the branch of its Welcome may be one that lost at once. */
function isNewcomer(draft: Draft): boolean {
  const { tag, epoch, link } = tipOf(draft)
  return tag === draft.root && link === null && epoch > 0
}

function sidesOf(draft: Draft): Side[] {
  const voters = new Set(members(tipOf(draft).state).map(({ signatureKey }) => toHex(signatureKey)))
  const own = ownBeacon(draft)
  const ours: Side = {
    beacons: [own],
    doubtful: Number(isNewcomer(draft)),
    tags: new Set([...own.lineage, ...draft.history.map(({ tag }) => tag)]),
  }
  const sides = [ours]
  const spoken = [...draft.beacons.values()].filter(({ key }) => voters.has(key) && key !== own.key)
  const silent = heard(draft).filter(({ key }) => voters.has(key) && !draft.beacons.has(key))
  const latest = new Map([...silent, ...spoken].map((beacon) => [beacon.key, beacon]))
  for (const beacon of [...latest.values()].sort((a, b) => b.epoch - a.epoch)) {
    const side = sides.find((one) => isOn(one, beacon))
    if (side === undefined) sides.push({ beacons: [beacon], doubtful: 0, tags: new Set(beacon.lineage) })
    else side.beacons.push(beacon)
  }
  return sides
}

const lastEpoch = ({ beacons }: Side): number => Math.max(...beacons.map(({ epoch }) => epoch))
const firstKey = ({ beacons }: Side): string => beacons.map(({ key }) => key).sort()[0] ?? ''

/** More members, then more epochs, then the smallest key: the same for all that have heard the same. */
function compare(a: Side, b: Side): number {
  const more = b.beacons.length - b.doubtful - (a.beacons.length - a.doubtful)
  if (more !== 0) return more
  if (lastEpoch(a) !== lastEpoch(b)) return lastEpoch(b) - lastEpoch(a)
  return firstKey(a) < firstKey(b) ? -1 : 1
}

export interface Split {
  readonly standing: Standing
  /** The last epoch known of the side that stays. */
  readonly target: EpochTag
}

export function judgeSplit(draft: Draft): Split {
  const sides = sidesOf(draft)
  const [ours] = sides
  const [first] = [...sides].sort(compare)
  if (ours === undefined || first === undefined) return { standing: 'unknown', target: draft.tip }
  const newest = first.beacons.reduce((a, b) => (b.epoch > a.epoch ? b : a))
  const target = newest.lineage[0] ?? draft.tip
  if (first !== ours) return { standing: 'theirs', target }
  if (!ours.tags.has(target) && !draft.nodes.has(target)) return { standing: 'behind', target }
  return { standing: sides.length === 1 && ours.beacons.length === 1 ? 'unknown' : 'ours', target }
}
