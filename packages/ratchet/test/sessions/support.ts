/** Nodes with a session manager each, a store that can be copied and restored, and a clock that stands still. */
import type { Store } from '@hyphae/core'
import { type Engine, type EngineEntry, memoryEngine, memoryStore } from '@hyphae/store'
import { decodePrekeyBundle, type PrekeyBundle, verifyPrekeyBundle } from '../../src/index.js'
import {
  type Accepted,
  type Begun,
  type Encrypted,
  type Opened,
  openSessions,
  type Sessions,
  type SessionsOptions,
  type Witness,
} from '../../src/sessions.js'
import { crypto, type Device, device, NOW } from '../support.js'

export const HOUR: number = 60 * 60 * 1000
export const DAY: number = 24 * HOUR

export interface TestClock {
  time: number
  now(): number
}

export function testClock(): TestClock {
  const clock = { time: NOW, now: () => clock.time }
  return clock
}

export interface MemoryWitness extends Witness {
  value: number | undefined
  writes: number
  broken: boolean
}

export function memoryWitness(): MemoryWitness {
  const witness: MemoryWitness = {
    value: undefined,
    writes: 0,
    broken: false,
    read: async () => witness.value,
    advance: async (generation) => {
      if (witness.broken) throw new Error('the witness is broken')
      witness.writes += 1
      witness.value = Math.max(generation, witness.value ?? 0)
    },
  }
  return witness
}

export interface TestNode {
  readonly name: string
  readonly device: Device
  readonly clock: TestClock
  readonly options: Omit<SessionsOptions, 'store'>
  engine: Engine
  store: Store
  sessions: Sessions
}

export type NodeOptions = Partial<Omit<SessionsOptions, 'crypto' | 'keys' | 'clock' | 'store'>>

export async function newNode(name: string, clock: TestClock, extra: NodeOptions = {}): Promise<TestNode> {
  const own = device()
  const engine = memoryEngine()
  const store = memoryStore({ engine })
  const options = { crypto, clock, keys: own.keys, ...extra }
  const sessions = await openSessions({ ...options, store })
  return { name, device: own, clock, engine, store, sessions, options }
}

/** Opens the same data again, as after a restart. */
export async function restart(node: TestNode): Promise<void> {
  node.store = memoryStore({ engine: node.engine })
  node.sessions = await openSessions({ ...node.options, store: node.store })
}

export type Backup = readonly EngineEntry[]

/** All that the store holds. */
export function backup(node: TestNode): Promise<Backup> {
  return node.engine.range({ gte: new Uint8Array(), lt: new Uint8Array(256).fill(0xff) })
}

/** Puts the store back to a backup, or to nothing, and opens it. */
export async function restore(node: TestNode, entries: Backup): Promise<void> {
  node.engine = memoryEngine()
  await node.engine.write(entries)
  await restart(node)
}

/** A fresh bundle of the node: with a one-time prekey, or its last resort. */
export async function bundleOf(node: TestNode, oneTime = true): Promise<PrekeyBundle> {
  const issued = await node.sessions.transact((tx) => node.sessions.issuePrekeys(tx, 1))
  return verified(node, oneTime ? (issued.bundles[0] as Uint8Array) : issued.lastResort)
}

export function verified(node: TestNode, bytes: Uint8Array): PrekeyBundle {
  return verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), node.device.peer.signing)
}

export function begin(from: TestNode, to: TestNode, bundle: PrekeyBundle): Promise<Begun> {
  return from.sessions.transact((tx) => from.sessions.begin(tx, { device: to.name, bundle }))
}

export function accept(at: TestNode, from: TestNode, handshake: Uint8Array): Promise<Accepted> {
  const input = { device: from.name, peer: from.device.peer, handshake }
  return at.sessions.transact((tx) => at.sessions.accept(tx, input))
}

export function seal(from: TestNode, to: TestNode, text: string): Promise<Encrypted> {
  const input = { body: Buffer.from(text), size: 128 } as const
  return from.sessions.transact((tx) => from.sessions.encrypt(tx, to.name, input))
}

/** By tag alone. */
export function open(at: TestNode, frame: Uint8Array): Promise<Opened | null> {
  return at.sessions.transact((tx) => at.sessions.decrypt(tx, { frame }))
}

export async function opens(at: TestNode, frame: Uint8Array): Promise<string | null> {
  const opened = await open(at, frame)
  return opened === null ? null : Buffer.from(opened.body).toString()
}

/** Two nodes; the first began a session, the second accepted it. */
export async function joined(
  clock: TestClock,
  extra: () => NodeOptions = () => ({}),
): Promise<[TestNode, TestNode]> {
  const alice = await newNode('alice', clock, extra())
  const bob = await newNode('bob', clock, extra())
  const { handshake } = await begin(alice, bob, await bundleOf(bob))
  await accept(bob, alice, handshake)
  return [alice, bob]
}

/** Text from one to the other; null when it does not open. */
export async function talk(from: TestNode, to: TestNode, text: string): Promise<string | null> {
  return opens(to, (await seal(from, to, text)).frame)
}

/** The code that `attempt` rejects with. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `not typed: ${String(error)}`
  }
  return 'no error'
}

/** The session that sends, by its id. */
export async function sending(node: TestNode, peer: TestNode): Promise<string | undefined> {
  const sessions = await node.sessions.list(node.store, peer.name)
  return sessions.find((one) => one.sends)?.sessionId
}

/** What `attempt` leaves of the store, compared with what was there before. */
export async function unchanged<T>(node: TestNode, attempt: () => Promise<T>): Promise<T> {
  const before = JSON.stringify(await backup(node))
  const result = await attempt()
  if (JSON.stringify(await backup(node)) !== before) throw new Error('the store changed')
  return result
}
