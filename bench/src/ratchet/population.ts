// Many sessions on one device: what they hold in memory, and what finding one of them costs.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CryptoProvider } from '@hyphae/crypto'
import * as ratchet from '@hyphae/ratchet'
import { type Candidate, measure } from '../harness.ts'
import type { Hyphae } from './hyphae.ts'

export const POPULATION = 10_000
/** Sessions among which one is looked for. */
const CROWDS = [1, 100, POPULATION] as const
const TAG_OFFSET = 2
const TAG_BYTES = 14

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function memoryInUse(): number {
  // Twice: the first frees what keeps typed arrays, the second the arrays.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes of heap for each of the sessions that `make` gives. */
function bytesEach(make: () => readonly unknown[]): number {
  const before = memoryInUse()
  const held = make()
  return Math.round((memoryInUse() - before) / held.length)
}

interface Member {
  readonly session: ratchet.SessionState
  /** The next frame that its peer sends. */
  readonly frame: Uint8Array
}

function memberOf([alice, bob]: Awaited<ReturnType<Hyphae['pair']>>): Member {
  return { frame: alice.encrypt(new Uint8Array(64)) as Uint8Array, session: bob.session() }
}

/** Tags of many sessions in one block; found by their first 30 bits, which are random, then by all bytes. */
interface TagIndex {
  readonly first: Map<number, number>
  /** Another tag with the same 30 bits, or -1. */
  readonly next: Int32Array
  readonly tags: Uint8Array
  readonly owners: Int32Array
}

function wordAt(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [
    number,
    number,
    number,
    number,
  ]
  return a | (b << 8) | (c << 16) | ((d & 0x3f) << 24)
}

function indexOf(crypto: CryptoProvider, members: readonly Member[]): TagIndex {
  const expected = members.map(({ session }) => ratchet.expectedTags(session, crypto))
  const count = expected.reduce((sum, tags) => sum + tags.length, 0)
  const tags = new Uint8Array(count * TAG_BYTES)
  const index: TagIndex = {
    first: new Map(),
    next: new Int32Array(count),
    tags,
    owners: new Int32Array(count),
  }
  let slot = 0
  expected.forEach((own, owner) => {
    for (const tag of own) {
      const word = wordAt(tag, 0)
      tags.set(tag, slot * TAG_BYTES)
      index.owners[slot] = owner
      index.next[slot] = index.first.get(word) ?? -1
      index.first.set(word, slot++)
    }
  })
  return index
}

/** Which session expects the tag that begins at `at`; -1 when none does. */
function ownerOf({ first, next, tags, owners }: TagIndex, bytes: Uint8Array, at: number): number {
  for (let slot = first.get(wordAt(bytes, at)) ?? -1; slot >= 0; slot = next[slot] as number) {
    let i = 0
    while (i < TAG_BYTES && tags[slot * TAG_BYTES + i] === bytes[at + i]) i++
    if (i === TAG_BYTES) return owners[slot] as number
  }
  return -1
}

function finder(crypto: CryptoProvider, members: readonly Member[]): Candidate {
  const index = indexOf(crypto, members)
  members.forEach(({ session, frame }, i) => {
    const found = ownerOf(index, frame, TAG_OFFSET) === i
    if (!found || ratchet.decryptFrame(crypto, session, frame, { forward: 0 }) === null)
      throw new Error('a frame was not found')
  })
  if (ownerOf(index, crypto.randomBytes(TAG_BYTES), 0) !== -1) throw new Error('noise was found')
  // A frame that just came is in the cache; ten thousand old ones would not be. So only their tags stand here.
  const arrived = Buffer.concat(
    members.map(({ frame }) => frame.subarray(TAG_OFFSET, TAG_OFFSET + TAG_BYTES)),
  )
  return {
    name: String(members.length),
    batch(n) {
      let sum = 0
      for (let i = 0; i < n; i++) sum += ownerOf(index, arrived, (i % members.length) * TAG_BYTES)
      return sum
    },
  }
}

export interface Population {
  /** Bytes a session, read from its snapshot and not used yet. */
  readonly restingBytes: number
  /** Bytes a session, its expected tags computed. */
  readonly expectingBytes: number
  /** Microseconds to find the session of a frame, by number of sessions. */
  readonly find: ReadonlyMap<number, number>
}

export async function population(crypto: CryptoProvider, ours: Hyphae): Promise<Population> {
  const members: Member[] = []
  while (members.length < POPULATION) members.push(memberOf(await ours.pair()))
  const snapshots = members.map(({ session }) => ratchet.encodeSession(session))
  const decode = () => snapshots.map((bytes) => ratchet.decodeSession(crypto, bytes))
  const restingBytes = bytesEach(decode)
  const expectingBytes = bytesEach(() => {
    const sessions = decode()
    for (const session of sessions) ratchet.expectedTags(session, crypto)
    return sessions
  })
  const times = measure(CROWDS.map((count) => finder(crypto, members.slice(0, count))))
  const find = new Map(CROWDS.map((count) => [count, (times.get(String(count)) as number) / 1000]))
  return { restingBytes, expectingBytes, find }
}

/** Largest snapshot of either side over `exchanges` answers. */
export async function snapshotBytes(ours: Hyphae, exchanges = 200): Promise<number> {
  const [alice, bob] = await ours.pair()
  let largest = 0
  for (let i = 0; i < exchanges; i++) {
    bob.decrypt(alice.encrypt(new Uint8Array(64)) as Uint8Array)
    alice.decrypt(bob.encrypt(new Uint8Array(64)) as Uint8Array)
    for (const party of [alice, bob])
      largest = Math.max(largest, ratchet.encodeSession(party.session()).length)
  }
  return largest
}
