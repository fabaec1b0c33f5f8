/**
 * Makes the stores that `vectors/snapshots/` freezes: every row of two devices that have talked, in each suite, and the
 * frames that are on their way between them. Everything is seeded.
 */
import { fromHex, type Store, type StoreKey, toHex } from '@hyphae/core'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { type DeviceKeys, decodePrekeyBundle, type PostQuantum, verifyPrekeyBundle } from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { openSessions, type SessionSummary, type Sessions } from '../../src/sessions.js'

const NOW = 1_700_000_000_000
const TABLES = ['meta', 'peer', 'session', 'prekeys', 'one-time', 'seen'].map((name) => `ratchet-${name}`)

/** A part of a key: text, a number, or bytes in hexadecimal. */
type FrozenPart = string | number | { readonly bytes: string }

export interface FrozenDevice {
  readonly name: string
  readonly signingSeed: string
  readonly agreementSecret: string
  readonly rows: readonly { readonly key: readonly FrozenPart[]; readonly value: string }[]
  /** A frame that it has not read yet, from whom, and what is inside. */
  readonly opens: { readonly frame: string; readonly from: string; readonly body: string }
  /** Its sessions by device, the one that sends first. */
  readonly sessions: Readonly<Record<string, readonly FrozenSummary[]>>
}

export interface FrozenStores {
  readonly kind: 'stores'
  readonly name: string
  readonly suite: 1 | 2
  /** Milliseconds. */
  readonly now: number
  readonly devices: readonly [FrozenDevice, FrozenDevice]
  /** Accepted by the second device before, so never again. */
  readonly seen: { readonly handshake: string; readonly signing: string; readonly agreement: string }
}

export type FrozenSummary = ReturnType<typeof summaryOf>

export function summaryOf({ sessionId, sends, confirmed, heardAt, archivedAt }: SessionSummary) {
  return { sessionId, sends, confirmed, heardAt, archivedAt }
}

export async function rowsOf(store: Store): Promise<FrozenDevice['rows']> {
  const entries = (await Promise.all(TABLES.map((table) => store.list([table])))).flat()
  const part = (one: string | number | Uint8Array): FrozenPart =>
    one instanceof Uint8Array ? { bytes: toHex(one) } : one
  return entries
    .map(({ key, value }) => ({ key: key.map(part), value: toHex(value) }))
    .sort((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1))
}

export async function storeOf(rows: FrozenDevice['rows']): Promise<Store> {
  const store = memoryStore()
  await store.transact((tx) => {
    for (const { key, value } of rows) {
      const parts = key.map((part) => (typeof part === 'object' ? fromHex(part.bytes) : part))
      tx.put(parts as unknown as StoreKey, fromHex(value))
    }
  })
  return store
}

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(54)) })
const clock = { time: NOW, now: () => clock.time }

interface Node {
  readonly name: string
  readonly keys: DeviceKeys
  readonly store: Store
  readonly sessions: Sessions
}

async function nodeOf(name: string, pq: PostQuantum | undefined): Promise<Node> {
  const keys = { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
  const store = memoryStore()
  const sessions = await openSessions({ crypto, clock, keys, store, ...(pq && { pq }) })
  return { name, keys, store, sessions }
}

const peerOf = ({ keys }: Node) => ({
  signing: keys.signing.publicKey,
  agreement: keys.agreement.publicKey,
})

/** The handshake of a new session from one to the other. */
async function begin(from: Node, to: Node, oneTime: boolean): Promise<Uint8Array> {
  const issued = await to.sessions.transact((tx) => to.sessions.issuePrekeys(tx, 2))
  const offered = oneTime ? (issued.bundles[0] as Uint8Array) : issued.lastResort
  const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(offered), to.keys.signing.publicKey)
  const begun = await from.sessions.transact((tx) => from.sessions.begin(tx, { device: to.name, bundle }))
  return begun.handshake
}

async function accept(at: Node, from: Node, handshake: Uint8Array): Promise<void> {
  const input = { device: from.name, peer: peerOf(from), handshake }
  await at.sessions.transact((tx) => at.sessions.accept(tx, input))
}

async function seal(from: Node, to: Node, text: string): Promise<Uint8Array> {
  clock.time += 1000
  const input = { body: Buffer.from(text), size: 128 } as const
  return (await from.sessions.transact((tx) => from.sessions.encrypt(tx, to.name, input))).frame
}

async function talk(from: Node, to: Node, text: string): Promise<void> {
  const frame = await seal(from, to, text)
  if ((await to.sessions.transact((tx) => to.sessions.decrypt(tx, { frame }))) === null)
    throw new Error('it must open')
}

async function freeze(node: Node, from: Node, frame: Uint8Array, body: string): Promise<FrozenDevice> {
  const { name, keys, store, sessions } = node
  const known = [...new Set((await store.list(['ratchet-peer'])).map(({ key }) => String(key[1])))]
  const lists = known.map(async (device) => [device, (await sessions.list(store, device)).map(summaryOf)])
  return {
    name,
    signingSeed: toHex(crypto.ed25519.exportSeed(keys.signing)),
    agreementSecret: toHex(crypto.x25519.exportPrivateKey(keys.agreement)),
    rows: await rowsOf(store),
    opens: { frame: toHex(frame), from: from.name, body },
    sessions: Object.fromEntries(await Promise.all(lists)),
  }
}

/** Crossed initiations, a late message, and a stranger who came by the last resort. */
async function storesOf(name: string, pq: PostQuantum | undefined): Promise<FrozenStores> {
  const [alice, bob, carol] = await Promise.all([nodeOf('alice', pq), nodeOf('bob', pq), nodeOf('carol', pq)])
  const [toBob, toAlice] = [await begin(alice, bob, true), await begin(bob, alice, true)]
  await accept(bob, alice, toBob)
  await accept(alice, bob, toAlice)
  for (let i = 0; i < 4; i++) {
    await talk(alice, bob, `to bob ${i}`)
    await talk(bob, alice, `to alice ${i}`)
  }
  const fromCarol = await begin(carol, bob, false)
  await accept(bob, carol, fromCarol)
  await talk(carol, bob, 'from carol')
  await talk(bob, carol, 'to carol')
  const late = await seal(alice, bob, 'late')
  await talk(alice, bob, 'in time')
  const next = await seal(bob, alice, 'the next')
  const { signing, agreement } = peerOf(carol)
  return {
    kind: 'stores',
    name,
    suite: pq === undefined ? 1 : 2,
    now: clock.time,
    devices: [await freeze(alice, bob, next, 'the next'), await freeze(bob, alice, late, 'late')],
    seen: { handshake: toHex(fromCarol), signing: toHex(signing), agreement: toHex(agreement) },
  }
}

export async function makeStores(): Promise<FrozenStores[]> {
  return [
    await storesOf('two devices of suite 1, and a stranger', undefined),
    await storesOf('two devices of suite 2, and a stranger', postQuantum),
  ]
}
