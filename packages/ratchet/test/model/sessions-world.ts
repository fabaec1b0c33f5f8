/**
 * Two nodes over their stores, and a network and a clock that do their worst. What must hold is checked at every
 * step: a frame opens once, with what was put in; no message key is ever used for a second frame.
 */
import { postQuantum } from '../../src/pq.js'
import { coreOf, type SessionState } from '../../src/session.js'
import {
  type Backup,
  backup,
  memoryWitness,
  newNode,
  restart,
  restore,
  sending,
  type TestClock,
  type TestNode,
  testClock,
  verified,
} from '../sessions/support.js'

export type Side = 'alice' | 'bob'
export const SIDES: readonly Side[] = ['alice', 'bob']
export const other = (side: Side): Side => (side === 'alice' ? 'bob' : 'alice')

export type Mail =
  | { readonly kind: 'handshake'; readonly handshake: Uint8Array }
  | { readonly kind: 'frame'; readonly frame: Uint8Array; readonly sessionId: string; readonly text: string }

interface Party {
  readonly node: TestNode
  /** Every handshake that was ever sent to it. */
  readonly handshakes: Uint8Array[]
  /** Under way to it. */
  mail: Mail[]
  /** Bundles that a directory has of it. */
  stock: Uint8Array[]
  /** What its owner once put aside. */
  copy: Backup | null
  /** Sessions that were taken back to an older state: some of their frames are lost. */
  readonly aged: Set<string>
}

export interface World {
  readonly clock: TestClock
  readonly parties: Record<Side, Party>
  /** Every (session, chain, number) that a frame was sealed with. */
  readonly used: Set<string>
  count: number
}

export interface WorldOptions {
  readonly postQuantum?: boolean
  /** False: nothing outside the stores remembers how far they were. */
  readonly witnessed?: boolean
}

export async function newWorld({
  postQuantum: pq = false,
  witnessed = true,
}: WorldOptions = {}): Promise<World> {
  const clock = testClock()
  const party = async (name: Side): Promise<Party> => {
    const extra = { ...(pq && { pq: postQuantum }), ...(witnessed && { witness: memoryWitness() }) }
    return {
      node: await newNode(name, clock, extra),
      handshakes: [],
      mail: [],
      stock: [],
      copy: null,
      aged: new Set(),
    }
  }
  const parties = { alice: await party('alice'), bob: await party('bob') }
  return { clock, parties, used: new Set(), count: 0 }
}

/** One message, in a new session if one is wanted and allowed; returns its text and what leaves. */
export async function send(world: World, from: Side): Promise<Mail[]> {
  const { node } = world.parties[from]
  const { sessions } = node
  const to = other(from)
  const need = await sessions.need(node.store, to)
  const wanted = need.kind === 'session' && need.notBefore <= world.clock.now()
  const bundle = wanted ? verified(world.parties[to].node, await takeBundle(world, to)) : null
  if (bundle === null && need.kind === 'session' && !need.canSend) return []
  const text = `message ${world.count++}`
  const leaving: Mail[] = await sessions.transact(async (tx) => {
    const begun = bundle === null ? null : await sessions.begin(tx, { device: to, bundle })
    const { frame, sessionId, session } = await sessions.encrypt(tx, to, {
      body: Buffer.from(text),
      size: 128,
    })
    markUsed(world, session)
    const mail: Mail = { kind: 'frame', frame, sessionId, text }
    if (begun !== null) world.parties[to].handshakes.push(begun.handshake)
    return begun === null ? [mail] : [{ kind: 'handshake', handshake: begun.handshake }, mail]
  })
  return leaving
}

function markUsed(world: World, session: SessionState): void {
  const { sending: chain } = coreOf(session)
  if (chain.kind !== 'ready') throw new Error('it has just sent')
  const key = Buffer.concat([session.id, chain.ratchetPublic]).toString('hex') + chain.n
  if (world.used.has(key)) throw new Error('a message key was used for two frames')
  world.used.add(key)
}

/** Every second is the last resort, as where one-time prekeys run out. */
async function takeBundle(world: World, of: Side): Promise<Uint8Array> {
  const party = world.parties[of]
  const bundle = party.stock.pop()
  if (bundle !== undefined) return bundle
  const { sessions } = party.node
  const issued = await sessions.transact((tx) => sessions.issuePrekeys(tx, 1))
  party.stock = [issued.lastResort, ...issued.bundles]
  return party.stock.pop() as Uint8Array
}

/** Whether it would be read: frames of a session lie in a mailbox that only its holder knows. */
export async function isReadable({ parties }: World, at: Side, mail: Mail): Promise<boolean> {
  if (mail.kind === 'handshake') return true
  const { node } = parties[at]
  const known = await node.sessions.list(node.store, other(at))
  return known.some(({ sessionId }) => sessionId === mail.sessionId)
}

/** Gives mail to a node; true when it opened. Holds it to: once, and what was put in. */
export async function deliver(world: World, at: Side, mail: Mail): Promise<boolean> {
  if (mail.kind === 'handshake') return deliverHandshake(world, at, mail.handshake)
  const { node, aged } = world.parties[at]
  const { sessions } = node
  return sessions.transact(async (tx) => {
    const logged = await tx.get(['log', mail.text])
    const opened = await sessions.decrypt(tx, { frame: mail.frame })
    if (opened === null) {
      if (logged === undefined && !aged.has(mail.sessionId)) throw new Error(`${mail.text} did not open`)
      return false
    }
    if (logged !== undefined) throw new Error(`${mail.text} opened twice`)
    if (Buffer.from(opened.body).toString() !== mail.text) throw new Error('it opened as something else')
    tx.put(['log', mail.text], Uint8Array.of(1))
    return true
  })
}

/** Refusals that the world can cause: the prekeys are gone, or it came before. */
const REFUSED = [
  'ratchet/prekey-used',
  'ratchet/prekey-expired',
  'ratchet/unknown-prekey',
  'ratchet/replayed',
]

async function deliverHandshake(world: World, at: Side, handshake: Uint8Array): Promise<boolean> {
  const { sessions } = world.parties[at].node
  const input = { device: other(at), peer: world.parties[other(at)].node.device.peer, handshake }
  try {
    await sessions.transact((tx) => sessions.accept(tx, input))
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    // Prekeys that were lost with a store have ids that may have been given out again.
    if (!REFUSED.includes(code) && code !== 'ratchet/handshake-rejected') throw error
    return false
  }
}

export async function restartSide(world: World, side: Side): Promise<void> {
  await restart(world.parties[side].node)
}

export async function copySide(world: World, side: Side): Promise<void> {
  world.parties[side].copy = await backup(world.parties[side].node)
}

/** Puts the store back to the copy, or to nothing. With a witness that is found out if anything was done since. */
export async function restoreSide(world: World, side: Side, entries: Backup): Promise<void> {
  const party = world.parties[side]
  const before = JSON.stringify(await backup(party.node))
  for (const one of await party.node.sessions.list(party.node.store, other(side)))
    party.aged.add(one.sessionId)
  await restore(party.node, entries)
  for (const one of await party.node.sessions.list(party.node.store, other(side)))
    party.aged.add(one.sessionId)
  if (party.node.options.witness === undefined) return
  const older = before !== JSON.stringify(entries)
  if ((party.node.sessions.status() === 'rolled-back') !== older) throw new Error('the witness was wrong')
  if (!older) return
  await party.node.sessions.recover()
  party.stock = []
}

/** The whole store is lost; with the witness or without. The device's keys are not. */
export async function resetSide(world: World, side: Side, forgetful: boolean): Promise<void> {
  const { witness } = world.parties[side].node.options
  if (forgetful && witness !== undefined && 'value' in witness) witness.value = undefined
  const { node } = world.parties[side]
  const empty = (await backup(node)).length === 0
  if (empty) return
  if (forgetful) {
    await restoreForgotten(world, side)
    return
  }
  await restoreSide(world, side, [])
}

async function restoreForgotten(world: World, side: Side): Promise<void> {
  const party = world.parties[side]
  await restore(party.node, [])
  party.stock = []
  party.copy = null
}

/** After the storm: what is still under way and readable arrives; the rest is lost. */
export async function settle(world: World): Promise<void> {
  for (const side of SIDES) await deliverAll(world, side, 'handshake')
  for (const side of SIDES) await deliverAll(world, side, 'frame')
  for (const side of SIDES) world.parties[side].mail = []
}

async function deliverAll(world: World, at: Side, kind: Mail['kind']): Promise<void> {
  for (const mail of world.parties[at].mail) {
    if (mail.kind === kind && (await isReadable(world, at, mail))) await deliver(world, at, mail)
  }
}

/** Both write, in turn or crossing; or one only answers what it could open. */
export const EXCHANGES = ['turns', 'crossing', 'alice answers', 'bob answers'] as const
export type Exchange = (typeof EXCHANGES)[number]

/** Messages of each that opened in one exchange; true when all did, and the first was sent. */
export async function exchange(world: World, kind: Exchange): Promise<boolean> {
  const opened: boolean[] = []
  const arrive = async (at: Side, mails: readonly Mail[]): Promise<void> => {
    let last = false
    for (const mail of mails) last = (await isReadable(world, at, mail)) && (await deliver(world, at, mail))
    opened.push(last)
  }
  const first: Side = kind === 'alice answers' ? 'bob' : 'alice'
  const second = other(first)
  const one = await send(world, first)
  const two = kind === 'crossing' ? await send(world, second) : null
  await arrive(second, one)
  if (kind.endsWith('answers') && !opened[0]) return false
  await arrive(first, two ?? (await send(world, second)))
  return opened.every((open) => open)
}

export async function shareSession(world: World): Promise<boolean> {
  const { alice, bob } = world.parties
  const one = await sending(alice.node, bob.node)
  return one !== undefined && one === (await sending(bob.node, alice.node))
}
