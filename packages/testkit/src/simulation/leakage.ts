/**
 * What adversaries could link, as data: each relay from what its connections touch, and whoever watches the wire
 * from when endpoints send and receive. With the truth beside it, how much of it they got right.
 */

import { type Activity, claimsByActivity } from './leakage-activity.js'
import { type Attack, type Guesses, scoreClaims, type TalkingPair } from './leakage-attack.js'
import { claimsByBuckets, crowdOf, joinedByBoxes, joinedByLookups, unsealed } from './leakage-colluding.js'
import { claimsByReplies } from './leakage-replies.js'
import { claimsByRows, claimsByWriters, type GroupClaims, type TalkingGroup } from './leakage-rows.js'
import type { SimulatedNetwork } from './network.js'
import type { Sighting, WireSighting } from './observations.js'
import { LEAST_BYTES, type TimingLeakage, timingLeakage } from './timing.js'

export interface Spread {
  readonly mean: number
  readonly most: number
}

export interface RelayLeakage {
  readonly relay: string
  readonly connections: number
  readonly addresses: number
  /** Boxes that it saw, written or read. */
  readonly boxes: number
  /** Boxes read on one connection: known to belong to one client. */
  readonly boxesReadPerConnection: Spread
  readonly boxesWrittenPerConnection: Spread
  /** Directory addresses and stocks asked for on one connection. */
  readonly lookupsPerConnection: Spread
  /** Addresses joined by a box that one wrote and the other read, and by how many frames. */
  readonly linked: readonly { readonly writer: string; readonly reader: string; readonly frames: number }[]
  /** How many frames of which size. */
  readonly sizes: Readonly<Record<number, number>>
}

export interface LeakageReport {
  readonly relays: readonly RelayLeakage[]
  /** Undefined unless the wire was watched. */
  readonly wire: TimingLeakage | undefined
  /** Undefined without the truth. */
  readonly byRelays: Guesses | undefined
  readonly byTiming: Guesses | undefined
  /** Every adversary with every method it has. */
  readonly attacks: readonly Attack[]
}

export interface LeakageOptions {
  /** Who really talked. */
  readonly truth?: readonly TalkingPair[]
  /** Which groups there really were: without them nobody looks for any. */
  readonly groups?: readonly TalkingGroup[]
  /** Endpoints that are clients, for timing; all nodes when left out. */
  readonly clients?: readonly string[]
}

export function leakageReport(network: SimulatedNetwork, options: LeakageOptions = {}): LeakageReport {
  const { observations, simulation } = network
  const clients = options.clients ?? simulation.nodes().map(({ name }) => name)
  const seen = byObserver(observations.sightings())
  const relays = [...seen].map(([relay, sightings]) => relayLeakage(relay, sightings))
  const onWire = observations.wireSightings()
  const wire = onWire.length === 0 ? undefined : timingLeakage(onWire, clients)
  const { truth, groups } = options
  const known = unsealed(observations.sightings())
  const claims = [
    ...relays.map(({ relay, linked }): Claims => [`${relay} alone`, 'boxes', linked.map(pairOf)]),
    ...[...seen].flatMap(([relay, sightings]): Claims[] => [
      [`${relay} alone`, 'lookups', joinedByLookups(sightings)],
      [`${relay} alone`, 'activity', claimsByActivity(askedOf(sightings, clients), clients)],
    ]),
    ...together(known),
    ...(wire === undefined ? [] : onTheWire(wire, onWire, clients)),
  ]
  const among = (clients.length * (clients.length - 1)) / 2
  const attacks = claims.map(
    ([adversary, method, pairs]): Attack => ({
      adversary,
      method,
      claims: pairs,
      among,
      guesses: truth && scoreClaims(pairs, truth),
    }),
  )
  if (groups !== undefined) attacks.push(...onGroups(seen, known, groups))
  const alone = relays.flatMap(({ linked }) => linked.map(pairOf))
  const byTiming = attacks.find(({ method }) => method === 'timing')?.guesses
  return { relays, wire, byRelays: truth && scoreClaims(alone, truth), byTiming, attacks }
}

function byObserver(sightings: readonly Sighting[]): Map<string, Sighting[]> {
  const seen = new Map<string, Sighting[]>()
  for (const one of sightings) {
    const group = seen.get(one.observer) ?? []
    group.push(one)
    seen.set(one.observer, group)
  }
  return seen
}

type Claims = readonly [adversary: string, method: Attack['method'], pairs: readonly TalkingPair[]]

function pairOf({ writer, reader }: { readonly writer: string; readonly reader: string }): TalkingPair {
  return [writer, reader]
}

/** All relays as one adversary. */
function together(known: readonly Sighting[]): Claims[] {
  const crowd = crowdOf(known)
  return [
    ['relays together', 'boxes', joinedByBoxes(known).map(pairOf)],
    ['relays together', 'lookups', joinedByLookups(known)],
    ['relays together', 'buckets', claimsByBuckets(crowd)],
    ['relays together', 'replies', claimsByReplies(known, crowd)],
  ]
}

function onGroups(
  seen: ReadonlyMap<string, readonly Sighting[]>,
  known: readonly Sighting[],
  groups: readonly TalkingGroup[],
): Attack[] {
  const attack = (adversary: string, method: Attack['method'], found: GroupClaims): Attack => {
    const { claims, among, truth } = found
    return { adversary, method, claims, among, guesses: scoreClaims(claims, truth) }
  }
  return [
    ...[...seen].map(([relay, sightings]) =>
      attack(`${relay} alone`, 'rows', claimsByRows(sightings, groups)),
    ),
    attack('relays together', 'rows', claimsByRows(known, groups)),
    attack('relays together', 'writers', claimsByWriters(known, groups)),
  ]
}

/** A relay sees what comes from each client, and that it answers each at once. */
function askedOf(sightings: readonly Sighting[], clients: readonly string[]): Activity[] {
  const known = new Set(clients)
  return sightings
    .filter(({ address }) => known.has(address))
    .flatMap(({ at, address: name, bytes }): Activity[] => [
      { at, name, bytes, way: 'sent' },
      { at, name, bytes, way: 'received' },
    ])
}

function onTheWire(wire: TimingLeakage, seen: readonly WireSighting[], clients: readonly string[]): Claims[] {
  const known = new Set(clients)
  const activity = seen
    .filter(({ bytes }) => bytes >= LEAST_BYTES)
    .flatMap(({ at, from, to, bytes }): Activity[] => [
      ...(known.has(from) ? [{ at, name: from, bytes, way: 'sent' } as const] : []),
      ...(known.has(to) ? [{ at, name: to, bytes, way: 'received' } as const] : []),
    ])
  return [
    ['the wire', 'timing', wire.guesses.map(({ sender, receiver }): TalkingPair => [sender, receiver])],
    ['the wire', 'activity', claimsByActivity(activity, clients)],
  ]
}

/** Distinct subjects by connection, for some of the actions. */
function subjects(sightings: readonly Sighting[], actions: readonly string[]): Spread {
  const touched = new Map<string, Set<string>>()
  for (const { connection, action, subject } of sightings)
    if (actions.includes(action)) touched.set(connection, (touched.get(connection) ?? new Set()).add(subject))
  const counts = [...touched.values()].map(({ size }) => size)
  const sum = counts.reduce((total, count) => total + count, 0)
  return { mean: counts.length === 0 ? 0 : sum / counts.length, most: Math.max(0, ...counts) }
}

function relayLeakage(relay: string, sightings: readonly Sighting[]): RelayLeakage {
  const puts = sightings.filter(({ action }) => action === 'put')
  const reads = sightings.filter(({ action }) => action === 'read')
  const sizes: Record<number, number> = {}
  for (const { bytes } of puts) sizes[bytes] = (sizes[bytes] ?? 0) + 1
  return {
    relay,
    connections: new Set(sightings.map(({ connection }) => connection)).size,
    addresses: new Set(sightings.map(({ address }) => address)).size,
    boxes: new Set([...puts, ...reads].map(({ subject }) => subject)).size,
    boxesReadPerConnection: subjects(sightings, ['read']),
    boxesWrittenPerConnection: subjects(sightings, ['put']),
    lookupsPerConnection: subjects(sightings, ['lookup', 'take', 'remaining']),
    linked: joinedByBoxes(sightings),
    sizes,
  }
}
