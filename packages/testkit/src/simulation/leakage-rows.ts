/**
 * Groups by how they are written to: a message to a group is a row of frames, one to the box of each member, and all
 * members but its owner write to one box.
 *
 * The first is seen by whoever sees boxes and times; the second by who sees from which addresses boxes are written to,
 * and needs no times at all.
 */
import { REPLY_WINDOWS_MS } from '../limits.js'
import { bestClaims, pairName, type TalkingPair } from './leakage-attack.js'
import { type Writes, writesOf } from './leakage-replies.js'
import type { Sighting } from './observations.js'
import { LEAST_SCORE, LEAST_SENDS } from './timing.js'

/** A group that there really was. */
export interface TalkingGroup {
  /** Names of nodes. */
  readonly members: readonly string[]
  /** What its members read for it, in hexadecimal. */
  readonly boxes: readonly string[]
}

export interface GroupClaims {
  readonly claims: readonly TalkingPair[]
  /** Pairs that could have been claimed. */
  readonly among: number
  /** Those of them that would have been right. */
  readonly truth: readonly TalkingPair[]
}

/**
 * Boxes that are written to at about the same times, from one address, more often than by chance; of each box the other
 * that stands out most. Claims are pairs of boxes.
 */
export function claimsByRows(sightings: readonly Sighting[], groups: readonly TalkingGroup[]): GroupClaims {
  const mates = new Set(groups.flatMap(({ boxes }) => pairsOf(boxes).map(pairName)))
  const claims: TalkingPair[] = []
  const candidates = new Set<string>()
  for (const written of writesOf(sightings).values()) {
    const byBox = new Map(written.map((one) => [one.box, one]))
    const score = (one: string, other: string): number =>
      togetherness(byBox.get(one) as Writes, byBox.get(other) as Writes)
    claims.push(...bestClaims([...byBox.keys()], score, LEAST_SCORE))
    for (const pair of pairsOf([...byBox.keys()])) candidates.add(pairName(pair))
  }
  const truth = [...candidates].filter((name) => mates.has(name)).map(pairNamed)
  return { claims, among: candidates.size, truth }
}

function togetherness(one: Writes, other: Writes): number {
  return Math.max(
    ...REPLY_WINDOWS_MS.map((windowMs) => Math.min(near(one, other, windowMs), near(other, one, windowMs))),
  )
}

/** Standard deviations by which `other` is written to near writes of `one` more often than by chance while both are in use. */
function near(one: Writes, other: Writes, windowMs: number): number {
  const from = Math.max(one.times[0] as number, other.times[0] as number) - windowMs
  const until = Math.min(one.times.at(-1) as number, other.times.at(-1) as number) + windowMs
  const within = (time: number): boolean => time >= from && time <= until
  const asked = one.times.filter(within)
  const others = other.times.filter(within)
  if (asked.length < LEAST_SENDS || others.length < LEAST_SENDS) return 0
  let hits = 0
  let next = 0
  for (const time of asked) {
    while (next < others.length && (others[next] as number) < time - windowMs) next += 1
    if (next < others.length && (others[next] as number) <= time + windowMs) hits += 1
  }
  const chance = 1 - Math.exp((-others.length * 2 * windowMs) / (until - from))
  const expected = asked.length * chance
  return (hits - expected) / Math.sqrt(Math.max(expected * (1 - chance), 1))
}

/** Addresses that have written to one box, a few times each. */
export function claimsByWriters(
  sightings: readonly Sighting[],
  groups: readonly TalkingGroup[],
): GroupClaims {
  const writers = new Map<string, string[]>()
  const written = writesOf(sightings)
  for (const [address, boxes] of written)
    for (const { box } of boxes) writers.set(box, [...(writers.get(box) ?? []), address])
  const truth = new Map(
    groups.flatMap(({ members }) => pairsOf(members)).map((pair) => [pairName(pair), pair]),
  )
  return {
    claims: [...writers.values()].flatMap(pairsOf),
    among: (written.size * (written.size - 1)) / 2,
    truth: [...truth.values()],
  }
}

export function pairsOf(names: readonly string[]): TalkingPair[] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other): TalkingPair => [one, other]))
}

function pairNamed(name: string): TalkingPair {
  return name.split(' ') as [string, string]
}
