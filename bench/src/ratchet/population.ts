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
const TAG_END = 16
const TAG_BYTES = TAG_END - TAG_OFFSET

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

/** One key for a tag: a string is what a Map finds by value. */
function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function finder(crypto: CryptoProvider, members: readonly Member[]): Candidate {
  const index = new Map<string, number>()
  members.forEach(({ session }, i) => {
    for (const tag of ratchet.expectedTags(session, crypto)) index.set(keyOf(tag), i)
  })
  members.forEach(({ session, frame }, i) => {
    const found = index.get(keyOf(frame.subarray(TAG_OFFSET, TAG_END)))
    if (found !== i || ratchet.decryptFrame(crypto, session, frame, { forward: 0 }) === null)
      throw new Error('a frame was not found')
  })
  // A frame that just came is in the cache; ten thousand old ones would not be. So only their tags stand here.
  const tags = Buffer.concat(members.map(({ frame }) => frame.subarray(TAG_OFFSET, TAG_END)))
  return {
    name: String(members.length),
    batch(n) {
      let sum = 0
      for (let i = 0; i < n; i++) {
        const at = (i % members.length) * TAG_BYTES
        sum += index.get(keyOf(tags.subarray(at, at + TAG_BYTES))) as number
      }
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
