/**
 * What adversaries could link, as data: each relay from what its connections touch, and whoever watches the wire
 * from when endpoints send and receive. With the truth beside it, how much of it they got right.
 */
import type { SimulatedNetwork } from './network.js'
import type { Sighting } from './observations.js'
import { type TimingLeakage, timingLeakage } from './timing.js'

/** Who talks to whom, by the names of nodes; direction does not matter. */
export type TalkingPair = readonly [string, string]

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

export interface Guesses {
  /** Pairs that were claimed, that were claimed rightly, and that there are. */
  readonly claimed: number
  readonly right: number
  readonly pairs: number
}

export interface LeakageReport {
  readonly relays: readonly RelayLeakage[]
  /** Undefined unless the wire was watched. */
  readonly wire: TimingLeakage | undefined
  /** Undefined without the truth. */
  readonly byRelays: Guesses | undefined
  readonly byTiming: Guesses | undefined
}

export interface LeakageOptions {
  /** Who really talked. */
  readonly truth?: readonly TalkingPair[]
  /** Endpoints that are clients, for timing; all nodes when left out. */
  readonly clients?: readonly string[]
}

export function leakageReport(network: SimulatedNetwork, options: LeakageOptions = {}): LeakageReport {
  const { observations, simulation } = network
  const seen = new Map<string, Sighting[]>()
  for (const one of observations.sightings()) {
    const group = seen.get(one.observer) ?? []
    group.push(one)
    seen.set(one.observer, group)
  }
  const relays = [...seen].map(([relay, sightings]) => relayLeakage(relay, sightings))
  const onWire = observations.wireSightings()
  const clients = options.clients ?? simulation.nodes().map(({ name }) => name)
  const wire = onWire.length === 0 ? undefined : timingLeakage(onWire, clients)
  const linked = relays.flatMap((one) =>
    one.linked.map(({ writer, reader }): TalkingPair => [writer, reader]),
  )
  const timed = wire?.guesses.map(({ sender, receiver }): TalkingPair => [sender, receiver])
  const { truth } = options
  return {
    relays,
    wire,
    byRelays: truth && score(linked, truth),
    byTiming: truth && timed && score(timed, truth),
  }
}

function pairName([a, b]: TalkingPair): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

function score(claims: readonly TalkingPair[], truth: readonly TalkingPair[]): Guesses {
  const real = new Set(truth.map(pairName))
  const claimed = new Set(claims.filter(([a, b]) => a !== b).map(pairName))
  return {
    claimed: claimed.size,
    right: [...claimed].filter((pair) => real.has(pair)).length,
    pairs: real.size,
  }
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
    linked: linkedPairs(puts, reads),
    sizes,
  }
}

function linkedPairs(puts: readonly Sighting[], reads: readonly Sighting[]): RelayLeakage['linked'] {
  const readers = new Map<string, Set<string>>()
  for (const { subject, address } of reads)
    readers.set(subject, (readers.get(subject) ?? new Set()).add(address))
  const frames = new Map<string, { writer: string; reader: string; frames: number }>()
  for (const { subject, address: writer } of puts)
    for (const reader of readers.get(subject) ?? []) {
      const pair = frames.get(`${writer} ${reader}`) ?? { writer, reader, frames: 0 }
      pair.frames += 1
      frames.set(`${writer} ${reader}`, pair)
    }
  return [...frames.values()].sort((a, b) => b.frames - a.frames)
}
