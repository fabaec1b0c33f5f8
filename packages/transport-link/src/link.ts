/**
 * The Link port over channels: a connection to each peer that is spoken with, made when it is needed, at the nearest of
 * its addresses that answers with the right key. Knows no sockets: a platform brings how to dial and to listen.
 */
import {
  type Carrier,
  type CarrierComponents,
  type CarrierTraits,
  CoreError,
  type IoOptions,
  type Link,
  type Logger,
  MAX_FRAME_BYTES,
  type Nearness,
  type Transport,
} from '@hyphae/core'
import { type CryptoProvider, defaultCrypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { createFrameQueue, type FrameQueue } from '@hyphae/transport'
import { type Address, addressText, byDistance, distance, parseAddress } from './address.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { type Channel, openChannel, type Party } from './channel.js'
import { LinkError } from './errors.js'
import { makeIdentity } from './identity.js'
import { MAX_ADDRESSES, MAX_CONNECTIONS, MAX_HANDSHAKES, MAX_WAITING_FRAMES } from './limits.js'
import type { Listening, Platform } from './platform.js'

/** Where a peer listens, best known now; asked each time a connection is made. */
export type Addresses = (peer: string) => readonly string[] | Promise<readonly string[]>

export interface LinkOptions {
  /** The device's signing key: what peers know it by. */
  readonly identity: Ed25519PrivateKey
  /** As `parseAddress` takes them; port 0 picks one. None: only dials. */
  readonly listen?: readonly string[]
  readonly addresses?: Addresses
  /** Devices to speak with as soon as there is something to say, asked again and again; who has come needs no naming. */
  readonly peers?: readonly string[] | (() => readonly string[])
  /** Whether a device may connect; everybody may unless given. Frames are sealed for their readers in any case. */
  readonly accept?: (peer: string) => boolean
  readonly crypto?: CryptoProvider
}

export interface LinkCarrier extends Carrier {
  readonly link: Link
  /** Where this device listens, with the ports that were picked. */
  readonly listening: readonly string[]
  /**
   * Takes a connection that was made in some other way, such as a data channel; whoever would have dialled is the
   * initiator. Resolves to the peer's device id.
   * @throws LinkError `link/wrong-peer`, `link/broken`, `link/unreachable`, `link/closed`
   */
  attach(role: 'initiator' | 'responder', open: (events: ByteEvents) => ByteSocket): Promise<string>
}

export type LinkTransport = (components: CarrierComponents) => Promise<LinkCarrier>

interface State {
  readonly party: Party
  readonly options: LinkOptions
  readonly platform: Platform
  readonly logger: Logger
  readonly queue: FrameQueue
  /** The newest channel with each peer sends. */
  readonly peers: Map<string, Channel>
  readonly dialling: Map<string, Promise<Channel>>
  readonly channels: Set<Channel>
  readonly nearness: WeakMap<Channel, Nearness>
  /** All there are, also those that are still shaking hands. */
  readonly sockets: Set<ByteSocket>
  /** Connections that are accepted and not authenticated. */
  handshakes: number
  closed: boolean
}

/** Between two machines of one network; the selector measures for itself. */
const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 100_000_000,
  latencyMs: 1,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'direct',
}

/** By distance: Unix socket, loopback, local network, the rest, radio. */
const NEARNESS: readonly Nearness[] = ['machine', 'machine', 'network', 'direct', 'direct']

const DEVICE_ID = /^[0-9a-f]{64}$/

export function linkFactory(platform: Platform): (options: LinkOptions) => LinkTransport & Transport {
  return (options) => {
    const wanted = (options.listen ?? []).map(parseAddress)
    return async (components) => {
      const state = createState(options, platform, components)
      const listening: Listening[] = []
      const close = async (): Promise<void> => {
        state.closed = true
        const quiet = listening.map((one) => one.close())
        for (const channel of [...state.channels]) channel.close()
        for (const socket of [...state.sockets]) socket.close()
        state.queue.end()
        await Promise.all(quiet)
      }
      try {
        for (const address of wanted)
          listening.push(await platform.listen(address, (open) => welcome(state, open, address), state.party))
      } catch (error) {
        await close()
        throw error
      }
      return {
        name: 'link',
        traits: TRAITS,
        link: {
          send: (peer, frame, io) => send(state, peer, frame, io),
          frames: (io) => state.queue.read(io?.signal),
          peers: () => [...new Set([...named(options), ...state.peers.keys()])],
          nearness: (peer) => nearnessOf(state, peer),
        },
        listening: listening.map(({ address }) => addressText(address)),
        attach: (role, open) => attach(state, role, open),
        close,
        [Symbol.asyncDispose]: close,
      }
    }
  }
}

function createState(options: LinkOptions, platform: Platform, { clock, logger }: CarrierComponents): State {
  const crypto = options.crypto ?? defaultCrypto
  // A key of its own for each run: what was said over its links stays closed when the device is taken later.
  const statics = crypto.x25519.generate()
  const identity = makeIdentity(crypto, options.identity, statics.publicKey)
  const channels = new Set<Channel>()
  return {
    party: { crypto, clock, statics, identity },
    options,
    platform,
    logger,
    queue: createFrameQueue({
      most: MAX_WAITING_FRAMES,
      onRoom: () => {
        for (const channel of channels) channel.resume()
      },
    }),
    peers: new Map(),
    dialling: new Map(),
    channels,
    nearness: new WeakMap(),
    sockets: new Set(),
    handshakes: 0,
    closed: false,
  }
}

/** With a connection and no signal there is nothing to wait for but the socket. */
function named({ peers = [] }: LinkOptions): readonly string[] {
  return typeof peers === 'function' ? peers() : peers
}

function nearnessOf({ peers, nearness }: State, peer: string): Nearness | undefined {
  const channel = peers.get(peer)
  return channel && nearness.get(channel)
}

function send(state: State, peer: string, frame: Uint8Array, io?: IoOptions): Promise<void> {
  const channel = io?.signal === undefined ? state.peers.get(peer) : undefined
  return channel?.send(frame) ?? sendWhenConnected(state, peer, frame, io)
}

async function sendWhenConnected(
  state: State,
  peer: string,
  frame: Uint8Array,
  io?: IoOptions,
): Promise<void> {
  if (!DEVICE_ID.test(peer)) throw new LinkError('link/bad-peer')
  const signal = io?.signal
  if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  const channel = state.peers.get(peer) ?? (await orAborted(connect(state, peer), signal))
  await orAborted(channel.send(frame), signal)
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new CoreError('core/aborted', { cause: signal.reason }))
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}

/** One attempt for all who want it. */
function connect(state: State, peer: string): Promise<Channel> {
  if (state.closed) return Promise.reject(new LinkError('link/closed'))
  const under = state.dialling.get(peer)
  if (under !== undefined) return under
  const attempt = dialNearest(state, peer).finally(() => state.dialling.delete(peer))
  state.dialling.set(peer, attempt)
  return attempt
}

async function dialNearest(state: State, peer: string): Promise<Channel> {
  const given = (await state.options.addresses?.(peer)) ?? []
  const addresses = byDistance(given.slice(0, MAX_ADDRESSES).map(parseAddress))
  let wrong = false
  for (const address of addresses) {
    try {
      const channel = await open(
        state,
        'initiator',
        (events) => state.platform.dial(address, events, state.party),
        (found) => found === peer,
      )
      state.nearness.set(channel, NEARNESS[distance(address)] ?? 'direct')
      return channel
    } catch (error) {
      wrong ||= error instanceof LinkError && error.code === 'link/wrong-peer'
      state.logger.info('link: an address did not answer', { code: (error as LinkError).code ?? 'unknown' })
    }
  }
  throw new LinkError(wrong ? 'link/wrong-peer' : 'link/unreachable', {
    details: { addresses: addresses.length },
  })
}

async function attach(
  state: State,
  role: 'initiator' | 'responder',
  openSocket: (events: ByteEvents) => ByteSocket,
): Promise<string> {
  if (state.closed) throw new LinkError('link/closed')
  const channel = await open(state, role, openSocket, state.options.accept ?? (() => true))
  return channel.peer
}

/** A connection that somebody else has made. */
function welcome(state: State, openSocket: (events: ByteEvents) => ByteSocket, at: Address): void {
  const busy = state.handshakes >= MAX_HANDSHAKES || state.channels.size >= MAX_CONNECTIONS
  if (state.closed || busy) {
    openSocket({ received: () => {}, closed: () => {} }).close()
    return
  }
  state.handshakes += 1
  open(state, 'responder', openSocket, state.options.accept ?? (() => true))
    .then((channel) => state.nearness.set(channel, NEARNESS[distance(at)] ?? 'direct'))
    .catch((error: LinkError) => state.logger.info('link: a connection was refused', { code: error.code }))
    .finally(() => {
      state.handshakes -= 1
    })
}

async function open(
  state: State,
  role: 'initiator' | 'responder',
  openSocket: (events: ByteEvents) => ByteSocket,
  accept: (peer: string) => boolean,
): Promise<Channel> {
  let channel: Channel | undefined
  let socket: ByteSocket | undefined
  let gone = false
  // Frames may come in the same bytes as the end of the handshake, before the channel is known here.
  const early: Uint8Array[] = []
  const take = (from: Channel, frame: Uint8Array): void => {
    if (!state.queue.push({ peer: from.peer, frame })) for (const one of state.channels) one.pause()
  }
  channel = await openChannel({
    party: state.party,
    role,
    open: (events) => {
      socket = openSocket(events)
      state.sockets.add(socket)
      return socket
    },
    accept,
    frame: (frame) => {
      if (channel === undefined) early.push(frame)
      else take(channel, frame)
    },
    closed: () => {
      gone = true
      if (socket !== undefined) state.sockets.delete(socket)
      if (channel !== undefined) forget(state, channel)
    },
  })
  if (gone || state.closed) {
    channel.close()
    throw new LinkError('link/unreachable')
  }
  state.channels.add(channel)
  state.peers.set(channel.peer, channel)
  for (const frame of early) take(channel, frame)
  return channel
}

function forget(state: State, channel: Channel): void {
  state.channels.delete(channel)
  if (state.peers.get(channel.peer) !== channel) return
  state.peers.delete(channel.peer)
  for (const other of state.channels) if (other.peer === channel.peer) state.peers.set(other.peer, other)
}
