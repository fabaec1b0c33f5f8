/**
 * Which side of a split past the horizon stays (spec/ordering.md section 8). Nobody can process the other side's
 * commits any more, so members are counted: those that this member's own tree knows, each where it last said, signed,
 * that it stands. A fork of one member with many devices of its own making therefore counts for one. Within the
 * horizon commits decide and not members; but whoever cannot read those of the other side has only the word of the
 * members who have read both.
 */
import { toHex } from '@hyphae/core'
import { members } from '../state.js'
import { type Draft, isFollowed, tipOf } from './draft.js'
import { childrenOf, nodeAt, pathTo } from './graph.js'
import { HORIZON } from './limits.js'
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
  /** How many of them have read another side and stand apart from it. */
  readonly informed: number
}

/** Says no more than where it stands. */
const SILENT = { nonce: 0, apart: null, leaving: false } as const

function ownBeacon(draft: Draft): Beacon {
  const path = pathTo(draft.nodes, draft.tip).reverse()
  const key = toHex(draft.ctx.identity.signing.publicKey)
  const { epoch } = tipOf(draft)
  return { ...SILENT, key, epoch, lineage: path.map(({ tag }) => tag) }
}

/** Committers of this branch have stood on it, unless they say otherwise. */
function heard(draft: Draft): Beacon[] {
  return pathTo(draft.nodes, draft.tip).flatMap(({ tag, epoch, link }) =>
    link === null || link.own
      ? []
      : [{ ...SILENT, key: toHex(link.committer.signatureKey), epoch, lineage: [tag] }],
  )
}

function isOn(side: Side, { lineage }: Beacon): boolean {
  const [tip] = lineage
  return (
    (tip !== undefined && side.tags.has(tip)) ||
    side.beacons.some((one) => lineage.includes(one.lineage[0] ?? ''))
  )
}

/** It still keeps the epoch in which it joined, and so knows no rival of that one. */
function isNewcomer(draft: Draft): boolean {
  const { epoch, link } = nodeAt(draft.nodes, draft.root)
  return link === null && epoch > 0
}

function sidesOf(draft: Draft): Side[] {
  const voters = new Set(members(tipOf(draft).state).map(({ signatureKey }) => toHex(signatureKey)))
  const own = ownBeacon(draft)
  const ours: Side = {
    beacons: [own],
    // Since it joined it has followed nobody's commit: the branch of its Welcome may be one that lost at once.
    doubtful: Number(isNewcomer(draft) && draft.tip === draft.root),
    informed: 0,
    tags: new Set([...own.lineage, ...draft.history.map(({ tag }) => tag)]),
  }
  const sides = [ours]
  const spoken = [...draft.beacons.values()].filter(({ key }) => voters.has(key) && key !== own.key)
  const silent = heard(draft).filter(({ key }) => voters.has(key) && !draft.beacons.has(key))
  const latest = new Map([...silent, ...spoken].map((beacon) => [beacon.key, beacon]))
  for (const beacon of [...latest.values()].sort((a, b) => b.epoch - a.epoch)) {
    const side = sides.find((one) => isOn(one, beacon))
    if (side === undefined)
      sides.push({ beacons: [beacon], doubtful: 0, informed: 0, tags: new Set(beacon.lineage) })
    else side.beacons.push(beacon)
  }
  return sides.map((side) => ({ ...side, informed: informedOf(draft, side, sides) }))
}

/** The words that count are those that everybody has heard: for this member itself, those that it has said. */
function informedOf(draft: Draft, { beacons }: Side, sides: readonly Side[]): number {
  const own = toHex(draft.ctx.identity.signing.publicKey)
  const elsewhere = (tag: EpochTag): boolean =>
    sides.some((other) => other.beacons !== beacons && other.tags.has(tag))
  return beacons.filter(({ key, apart }) =>
    key === own ? draft.apart.some(elsewhere) : apart !== null && elsewhere(apart),
  ).length
}

const lastEpoch = ({ beacons }: Side): number => Math.max(...beacons.map(({ epoch }) => epoch))
const firstKey = ({ beacons }: Side): string => beacons.map(({ key }) => key).sort()[0] ?? ''

/**
 * More members, then more of them who have read the other side, then more epochs, then the smallest key: the same for
 * all that have heard the same.
 */
function compare(a: Side, b: Side): number {
  const more = b.beacons.length - b.doubtful - (a.beacons.length - a.doubtful)
  if (more !== 0) return more
  if (a.informed !== b.informed) return b.informed - a.informed
  if (lastEpoch(a) !== lastEpoch(b)) return lastEpoch(b) - lastEpoch(a)
  return firstKey(a) < firstKey(b) ? -1 : 1
}

export interface Split {
  readonly standing: Standing
  /** The last epoch known of the side that stays. */
  readonly target: EpochTag
}

/** Has read an epoch of this member's branch and stands apart. */
const knowsUs = (draft: Draft, { apart }: Beacon): boolean => apart !== null && isFollowed(draft, apart)

/**
 * The branches have parted before this member joined: no member of the other side shows an epoch that it knows. Where
 * it has seen a whole horizon since, its branch would go first for whoever has read both.
 */
function hasJoinedAfter(draft: Draft, rival: Side): boolean {
  const seen = tipOf(draft).epoch - nodeAt(draft.nodes, draft.root).epoch
  const shared = rival.beacons.some(({ lineage }) => lineage.some((tag) => isFollowed(draft, tag)))
  return isNewcomer(draft) && seen < HORIZON && !shared
}

/** The other side may come from a commit that removes this member, whose epoch it cannot derive. */
function mayBeRemovedBy(draft: Draft, rival: Side): boolean {
  return rival.beacons.some(({ lineage }) => {
    const at = lineage.findIndex((tag) => isFollowed(draft, tag))
    const [parted, next] = [lineage[at], lineage[at - 1]]
    if (parted === undefined || next === undefined || draft.nodes.has(next)) return false
    return childrenOf(draft.nodes, parted).some(({ active }) => !active)
  })
}

/** How two sides weigh when members of the other one have read this one, and this member cannot read theirs. */
function weigh(draft: Draft, ours: Side, rival: Side): readonly [Side, Side] {
  if (!rival.beacons.some((one) => knowsUs(draft, one))) return [ours, rival]
  if (mayBeRemovedBy(draft, rival)) return [{ ...ours, doubtful: 1 }, rival]
  if (!hasJoinedAfter(draft, rival)) return [ours, rival]
  // Who stands in an epoch before the first one of this member and does not say that it stands apart may just lag.
  const { epoch } = nodeAt(draft.nodes, draft.root)
  const lagging = rival.beacons.filter((one) => !knowsUs(draft, one) && one.epoch < epoch).length
  return [
    { ...ours, doubtful: 1 },
    { ...rival, doubtful: lagging },
  ]
}

function newestOf({ beacons }: Side): Beacon | undefined {
  return [...beacons].sort((a, b) => b.epoch - a.epoch)[0]
}

export function judgeSplit(draft: Draft): Split {
  const sides = sidesOf(draft)
  const [ours, ...others] = sides
  if (ours === undefined) return { standing: 'unknown', target: draft.tip }
  const [rival] = others.sort(compare)
  const goes = rival === undefined ? [] : weigh(draft, ours, rival)
  const theirs = goes[0] !== undefined && goes[1] !== undefined && compare(goes[0], goes[1]) > 0
  const target = newestOf(theirs && rival !== undefined ? rival : ours)?.lineage[0] ?? draft.tip
  if (theirs) return { standing: 'theirs', target }
  if (!ours.tags.has(target) && !draft.nodes.has(target)) return { standing: 'behind', target }
  return { standing: sides.length === 1 && ours.beacons.length === 1 ? 'unknown' : 'ours', target }
}
