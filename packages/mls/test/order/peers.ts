// Devices with their logs, and the mail between them: nothing is delivered unless a test says so.
import {
  addMembers,
  createGroup,
  createKeyPackage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  members,
  type RoleOptions,
} from '../../src/index.js'
import {
  type Effect,
  type GroupLog,
  type Intent,
  type OrderContext,
  type OrderEvent,
  type OrderInput,
  type OrderMode,
  startLog,
  step,
} from '../../src/order/index.js'
import { at, type Device, type DeviceOptions, device, GROUP_ID, START, string, text } from '../helpers.js'

export interface Peer {
  readonly device: Device
  readonly ctx: OrderContext
  readonly time: { at: number }
  log: GroupLog
  /** What has been sent, oldest first. */
  readonly sent: Uint8Array[]
  readonly submitted: { parent: string; envelope: Uint8Array }[]
  readonly welcomes: Uint8Array[]
  readonly events: OrderEvent[]
}

export function peerOf(who: Device, log: GroupLog, ctx: OrderContext): Peer {
  return { device: who, ctx, time: who.time, log, sent: [], submitted: [], welcomes: [], events: [] }
}

function perform(peer: Peer, effect: Effect): void {
  if (effect.kind === 'send') peer.sent.push(effect.envelope)
  else if (effect.kind === 'submit') peer.submitted.push(effect)
  else if (effect.kind === 'welcome') peer.welcomes.push(effect.welcome)
  else peer.events.push(effect.event)
}

/** One step; what it asks for is noted. The events are those of this step. */
export async function feed(peer: Peer, input: OrderInput): Promise<OrderEvent[]> {
  const from = peer.events.length
  const { log, effects } = await step(peer.ctx, peer.log, input)
  peer.log = log
  for (const effect of effects) perform(peer, effect)
  return peer.events.slice(from)
}

export const hear = (peer: Peer, envelope: Uint8Array): Promise<OrderEvent[]> =>
  feed(peer, { kind: 'envelope', envelope })
export const want = (peer: Peer, intent: Intent): Promise<OrderEvent[]> =>
  feed(peer, { kind: 'intent', intent })
export const tick = (peer: Peer): Promise<OrderEvent[]> => feed(peer, { kind: 'tick' })

/** Sends a text; the envelope it travels in. */
export async function write(peer: Peer, words: string): Promise<Uint8Array> {
  await feed(peer, { kind: 'message', plaintext: text(words), aad: text('') })
  return at(peer.sent, peer.sent.length - 1)
}

/** A commit of this intent that was published at once; the envelope it travels in. */
export async function commit(peer: Peer, intent: Intent = { kind: 'update' }): Promise<Uint8Array> {
  const before = peer.sent.length
  await want(peer, intent)
  return at(peer.sent, before)
}

export interface Invited {
  readonly device: Device
  readonly offer: { readonly keyPackage: Uint8Array; readonly secret: Uint8Array }
}

/** A device that can be invited, on the clock of the group. */
export async function invitable(name: string, peer: Peer): Promise<Invited> {
  const { suite = 1, suites = [] } = peer.ctx.mls
  const invited = device(name, { time: peer.time, suite, suites })
  return { device: invited, offer: await createKeyPackage(invited.ctx, invited.identity) }
}

/** A commit that adds a device; the envelope it travels in. */
export async function invite(peer: Peer, name: string): Promise<Uint8Array> {
  const { offer } = await invitable(name, peer)
  return commit(peer, { kind: 'add', keyPackage: offer.keyPackage })
}

export const keyOf = (peer: Peer): Uint8Array => peer.device.identity.signing.publicKey

export const stateOf = (peer: Peer): GroupState => {
  const node = peer.log.nodes.get(peer.log.tip)
  if (node === undefined) throw new Error('no tip')
  return node.state
}

export const epochOf = (peer: Peer): number => peer.log.nodes.get(peer.log.tip)?.epoch ?? -1
export const authenticator = (peer: Peer): string =>
  Buffer.from(epochAuthenticator(stateOf(peer))).toString('hex')
export const names = (peer: Peer): string[] =>
  members(stateOf(peer)).map(({ credential }) => string(credential).replace('ok:', ''))

/** What was shown, as texts. */
export const shown = (peer: Peer): string[] =>
  peer.events.flatMap((event) => (event.kind === 'message' ? [string(event.plaintext)] : []))

export const kinds = (events: readonly OrderEvent[]): string[] => events.map(({ kind }) => kind)

export interface PeersOptions extends DeviceOptions {
  readonly mode?: OrderMode
  readonly roles?: RoleOptions
  readonly rules?: OrderContext['rules']
}

export function contextOf(who: Device, options: PeersOptions = {}): OrderContext {
  const { mode = 'deterministic', rules } = options
  return { mls: who.ctx, identity: who.identity, mode, ...(rules && { rules }) }
}

/** Peers of one group, all in its first common epoch, on one clock. */
export async function peers(count: number, options: PeersOptions = {}): Promise<Peer[]> {
  const time = options.time ?? { at: START }
  const devices = Array.from({ length: count }, (_, i) =>
    device(String.fromCharCode(97 + i), { ...options, time }),
  )
  const states = await statesOf(devices, options.roles)
  return Promise.all(
    devices.map(async (who, i) => {
      const ctx = contextOf(who, options)
      return peerOf(who, await startLog(ctx, at(states, i)), ctx)
    }),
  )
}

async function statesOf(devices: readonly Device[], roles?: RoleOptions): Promise<GroupState[]> {
  const [creator, ...others] = devices as [Device, ...Device[]]
  const alone = await createGroup(creator.ctx, creator.identity, GROUP_ID, roles)
  if (others.length === 0) return [alone]
  const offers = await Promise.all(others.map(({ ctx, identity }) => createKeyPackage(ctx, identity)))
  const { state, welcome } = await addMembers(
    creator.ctx,
    alone,
    offers.map(({ keyPackage }) => keyPackage),
  )
  const joined = others.map(({ ctx }, i) => joinGroup(ctx, { ...at(offers, i), welcome }))
  return [state, ...(await Promise.all(joined))]
}

/** Another view of a peer as it is now: what happens to one does not happen to the other. */
export function twin(peer: Peer): Peer {
  return { ...peer, sent: [...peer.sent], submitted: [...peer.submitted], welcomes: [], events: [] }
}

/** Every order of these. */
export function* permutations<T>(items: readonly T[]): Iterable<T[]> {
  if (items.length === 0) yield []
  for (const [index, item] of items.entries())
    for (const rest of permutations([...items.slice(0, index), ...items.slice(index + 1)]))
      yield [item, ...rest]
}

const delivered = new WeakMap<Peer, number>()

/** Delivers to everybody what has been sent since the last time; how much that was. */
export async function deliver(group: readonly Peer[]): Promise<number> {
  let count = 0
  for (const from of group) {
    const fresh = from.sent.slice(delivered.get(from) ?? 0)
    delivered.set(from, from.sent.length)
    count += fresh.length
    for (const envelope of fresh) for (const to of group) if (to !== from) await hear(to, envelope)
  }
  return count
}

/** Delivers everything to everybody while time passes, for so many milliseconds. */
export async function run(group: readonly Peer[], ms: number, stepMs = 1_000): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    while ((await deliver(group)) > 0);
    at(group, 0).time.at += stepMs
    for (const peer of group) await tick(peer)
  }
  while ((await deliver(group)) > 0);
}

/** The same until nothing has been sent for three seconds. */
export async function settle(group: readonly Peer[]): Promise<void> {
  for (let still = 0; still < 3_000; still += 100) {
    const count = await deliver(group)
    if (count > 0) still = 0
    at(group, 0).time.at += 100
    for (const peer of group) await tick(peer)
  }
}
