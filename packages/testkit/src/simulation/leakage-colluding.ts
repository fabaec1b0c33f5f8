/**
 * Relays that put together what they have seen. Over two hops they know of each sealed request from whom it came and
 * what was in it: to them it is as if everybody had come directly.
 */
import { bestClaims, type TalkingPair } from './leakage-attack.js'
import type { Sighting } from './observations.js'
import { LEAST_SCORE } from './timing.js'

/** What was done, by whom it really was. */
export function unsealed(sightings: readonly Sighting[]): Sighting[] {
  const clients = new Map<string, string>()
  for (const { hop, action, address } of sightings)
    if (hop !== undefined && action === 'forward') clients.set(hop, address)
  return sightings.flatMap((one) => {
    if (one.action === 'forward') return []
    const client = one.hop === undefined ? undefined : clients.get(one.hop)
    return [client === undefined ? one : { ...one, address: client, connection: client }]
  })
}

/** Writers and readers joined by a box, with the number of frames. */
export function joinedByBoxes(
  sightings: readonly Sighting[],
): { readonly writer: string; readonly reader: string; readonly frames: number }[] {
  const readers = new Map<string, Set<string>>()
  for (const { action, subject, address } of sightings)
    if (action === 'read') readers.set(subject, (readers.get(subject) ?? new Set()).add(address))
  const frames = new Map<string, { writer: string; reader: string; frames: number }>()
  for (const { action, subject, address: writer } of sightings) {
    if (action !== 'put') continue
    for (const reader of readers.get(subject) ?? []) {
      const pair = frames.get(`${writer} ${reader}`) ?? { writer, reader, frames: 0 }
      pair.frames += 1
      frames.set(`${writer} ${reader}`, pair)
    }
  }
  return [...frames.values()].sort((a, b) => b.frames - a.frames)
}

/**
 * Who has asked for a record or a prekey that another has published: where somebody meets somebody. Of who asked for a
 * bucket of records it is known whom, where one other alone has a record in it.
 */
export function joinedByLookups(sightings: readonly Sighting[]): TalkingPair[] {
  const owners = new Map<string, string>()
  for (const { action, subject, address } of sightings)
    if (action === 'publish' || action === 'stock') owners.set(subject, address)
  const records = new Map<string, string>()
  for (const { action, subject, address } of sightings)
    if (action === 'publish') records.set(subject, address)
  return sightings.flatMap(({ action, subject, address }): TalkingPair[] => {
    if (action === 'records') return onlyOther(records, subject, address)
    const owner = action === 'lookup' || action === 'take' ? owners.get(subject) : undefined
    return owner === undefined || owner === address ? [] : [[address, owner]]
  })
}

/** `bits u8 | prefix u24`. Who looks for itself in a bucket, as all do at first, is not looking for another there. */
function onlyOther(records: ReadonlyMap<string, string>, subject: string, reader: string): TalkingPair[] {
  const bits = Number.parseInt(subject.slice(0, 2), 16)
  const prefix = Number.parseInt(subject.slice(2), 16)
  const there = new Set<string>()
  for (const [address, owner] of records)
    if (Number.parseInt(address.slice(0, 6), 16) >>> (24 - bits) === prefix) there.add(owner)
  const [only] = there
  return there.size !== 1 || only === undefined || only === reader ? [] : [[reader, only]]
}

/** Which bits of a box id a bucket's readers have in common. */
interface Bucket {
  readonly bits: number
  readonly prefix: number
}

/** `bits u8 | prefix u16`, as the simulated relay notes it. */
export function bucketOf(subject: string): Bucket {
  return { bits: Number.parseInt(subject.slice(0, 2), 16), prefix: Number.parseInt(subject.slice(2), 16) }
}

export function liesIn(box: string, { bits, prefix }: Bucket): boolean {
  return bits === 0 || Number.parseInt(box.slice(0, 4), 16) >>> (16 - bits) === prefix
}

/** The buckets that each address has read, and the boxes that each has written with how often. */
export interface Crowd {
  readonly names: readonly string[]
  readonly buckets: ReadonlyMap<string, readonly Bucket[]>
  readonly writes: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export function crowdOf(sightings: readonly Sighting[]): Crowd {
  const names = new Set<string>()
  const subjects = new Map<string, Set<string>>()
  const writes = new Map<string, Map<string, number>>()
  for (const { address, action, subject } of sightings) {
    names.add(address)
    if (action === 'bucket') subjects.set(address, (subjects.get(address) ?? new Set()).add(subject))
    if (action !== 'put') continue
    const boxes = writes.get(address) ?? new Map<string, number>()
    writes.set(address, boxes.set(subject, (boxes.get(subject) ?? 0) + 1))
  }
  const buckets = new Map([...subjects].map(([name, set]) => [name, [...set].map(bucketOf)]))
  return { names: [...names], buckets, writes }
}

/**
 * Who writes into whose bucket more than chance, in both directions: by how many boxes, since cover is one box a day
 * to each contact and each decoy alike.
 */
export function claimsByBuckets({ names, buckets, writes }: Crowd): TalkingPair[] {
  const excess = (writer: string, reader: string): number => {
    const read = buckets.get(reader)
    const written = writes.get(writer)
    if (read === undefined || written === undefined) return 0
    const share = read.reduce((sum, { bits }) => sum + 2 ** -bits, 0)
    let there = 0
    let all = 0
    for (const [box, count] of written) {
      all += count
      if (read.some((bucket) => liesIn(box, bucket))) there += count
    }
    const expected = all * Math.min(1, share)
    return share >= 1 || all === 0 ? 0 : (there - expected) / Math.sqrt(expected * (1 - share))
  }
  const both = (a: string, b: string): number => Math.min(excess(a, b), excess(b, a))
  return bestClaims(names, both, LEAST_SCORE)
}
