/**
 * The Link port over libp2p (spec/libp2p.md, "Streams"): one stream with each device that is spoken with, opened when it
 * is needed, shared by both directions. Knows no addresses: `open` brings a fresh stream to a device.
 */
import {
  type Clock,
  compareBytes,
  type IoOptions,
  isFrameSize,
  type Link,
  type Logger,
  type Nearness,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { backoffMs, createFrameQueue, type FrameQueue } from '@hyphae/transport'
import type { Stream } from '@libp2p/interface'
import { aborted, orAborted } from './abort.js'
import { type Channel, type Outcome, openChannel } from './channel.js'
import { Libp2pError } from './errors.js'
import { type Binding, encodeHello, type Hello } from './hello.js'
import { BUSY_WAIT_MS, MAX_BUSY, MAX_HANDSHAKES, MAX_RESTORES, MAX_WAITING_FRAMES } from './limits.js'
import { type Attempt, createPeers, type Peer, type Peers } from './peers.js'

export interface OpenedStream {
  readonly stream: Stream
  /** Of the other side, as libp2p has proved it. */
  readonly peerId: Uint8Array
  readonly nearness: Nearness
}

export interface LinkContext {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly binding: Binding
  /** This node's own. */
  readonly peerId: Uint8Array
  readonly accept: (device: string) => boolean
  /** Devices that this node means to speak with. */
  readonly named?: () => readonly string[]
  /** @throws Libp2pError `libp2p/unreachable` */
  readonly open: (device: string, signal: AbortSignal) => Promise<OpenedStream>
  /** A device has proved to speak as this peer. */
  readonly met: (device: string, peerId: Uint8Array) => void
}

export interface LinkTable {
  readonly link: Link
  /** A stream that somebody else has opened. */
  welcome(opened: OpenedStream): void
  close(): void
}

interface State {
  readonly context: LinkContext
  readonly queue: FrameQueue
  readonly peers: Peers
  /** Open streams, with the device at the other end of each. */
  readonly channels: Map<Channel, string>
  readonly closing: AbortController
  /** Streams that are accepted and have not said who they are. */
  handshakes: number
}

const DEVICE_ID = /^[0-9a-f]{64}$/

export function createLink(context: LinkContext): LinkTable {
  const channels = new Map<Channel, string>()
  const state: State = {
    context,
    queue: createFrameQueue({
      most: MAX_WAITING_FRAMES,
      onRoom: () => {
        for (const channel of channels.keys()) channel.resume()
      },
    }),
    peers: createPeers(),
    channels,
    closing: new AbortController(),
    handshakes: 0,
  }
  return {
    link: {
      send: (peer, frame, io) => send(state, peer, frame, io),
      frames: (io) => state.queue.read(io?.signal),
      peers: () => [...new Set([...(context.named?.() ?? []), ...channels.values()])],
      nearness: (device) => state.peers.known(device)?.nearness,
    },
    welcome: (opened) => welcome(state, opened),
    close: () => {
      state.closing.abort()
      state.queue.end()
      for (const channel of [...channels.keys()]) channel.close()
    },
  }
}

async function send(state: State, device: string, frame: Uint8Array, io?: IoOptions): Promise<void> {
  if (!DEVICE_ID.test(device)) throw new Libp2pError('libp2p/bad-peer')
  if (!isFrameSize(frame.length))
    throw new Libp2pError('libp2p/bad-frame', { details: { bytes: frame.length } })
  if (state.closing.signal.aborted) throw new Libp2pError('libp2p/closed')
  if (io?.signal?.aborted) throw aborted(io.signal)
  const peer = state.peers.of(device)
  const channel = peer.channel ?? (await orAborted(connect(state, peer), io?.signal))
  await orAborted(channel.send(frame), io?.signal)
}

/** One attempt for all who want it; none before its time has come. */
function connect(state: State, peer: Peer): Promise<Channel> {
  if (peer.channel !== undefined) return Promise.resolve(peer.channel)
  if (peer.attempt !== undefined) return peer.attempt.promise
  const wait = peer.retryAt - state.context.clock.now()
  if (wait > 0) return Promise.reject(new Libp2pError('libp2p/unreachable', { retryAfterMs: wait }))
  let resolve: (channel: Channel) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<Channel>((yes, no) => {
    resolve = yes
    reject = no
  })
  const over = new AbortController()
  const finish = (): void => {
    over.abort()
    if (peer.attempt === attempt) peer.attempt = undefined
  }
  const attempt: Attempt = {
    promise,
    over,
    saidHello: false,
    adopt: (channel) => {
      finish()
      resolve(channel)
    },
  }
  peer.attempt = attempt
  run(state, peer, attempt).then(resolve, reject).finally(finish)
  return promise
}

async function run(state: State, peer: Peer, attempt: Attempt): Promise<Channel> {
  const { clock, random, logger } = state.context
  const signal = AbortSignal.any([attempt.over.signal, state.closing.signal])
  try {
    return await openStream(state, peer, attempt, signal)
  } catch (error) {
    if (peer.channel !== undefined) return peer.channel
    if (state.closing.signal.aborted) throw new Libp2pError('libp2p/closed')
    peer.failures += 1
    const wait = backoffMs(peer.failures - 1, random)
    peer.retryAt = clock.now() + wait
    logger.info('libp2p: a peer could not be reached', { failures: peer.failures })
    if (error instanceof Libp2pError) throw error
    throw new Libp2pError('libp2p/unreachable', { cause: error, retryAfterMs: wait })
  }
}

async function openStream(state: State, peer: Peer, attempt: Attempt, signal: AbortSignal): Promise<Channel> {
  const { open, clock, binding } = state.context
  for (let busy = 0; busy <= MAX_BUSY; busy++) {
    const opened = await open(peer.device, signal)
    if (signal.aborted) opened.stream.abort(new Libp2pError('libp2p/closed'))
    signal.throwIfAborted()
    attempt.saidHello = true
    const outcome = await talk(state, opened, {
      opener: true,
      hello: () => encodeHello(binding, peer.streams),
      admit: (channel, hello) => {
        if (hello.device !== peer.device) throw new Libp2pError('libp2p/wrong-peer')
        install(state, peer, channel, Math.max(peer.streams, hello.streams), opened)
        return 'open'
      },
    }).catch((error: unknown) => cutShort(error, busy))
    if (outcome?.kind === 'open') return outcome.channel
    attempt.saidHello = false
    if (outcome !== undefined && outcome.hello.device !== peer.device)
      throw new Libp2pError('libp2p/wrong-peer')
    peer.streams = Math.max(peer.streams, outcome?.hello.streams ?? 0)
    await clock.sleep(BUSY_WAIT_MS * 2 ** busy, signal)
  }
  throw new Libp2pError('libp2p/unreachable')
}

/** libp2p closes one of two connections that were made at once, and with it what was just said there: say it again. */
function cutShort(error: unknown, busy: number): undefined {
  if (busy === MAX_BUSY || !(error instanceof Libp2pError) || error.code !== 'libp2p/broken') throw error
  return undefined
}

function welcome(state: State, opened: OpenedStream): void {
  if (state.closing.signal.aborted || state.handshakes >= MAX_HANDSHAKES) {
    opened.stream.abort(new Libp2pError('libp2p/closed'))
    return
  }
  state.handshakes += 1
  talk(state, opened, {
    opener: false,
    hello: (device) => encodeHello(state.context.binding, state.peers.of(device as string).streams),
    admit: (channel, hello) => judge(state, opened, channel, hello),
  })
    .catch((error: unknown) => {
      const code = error instanceof Libp2pError ? error.code : 'unknown'
      state.context.logger.info('libp2p: a stream was refused', { code })
    })
    .finally(() => {
      state.handshakes -= 1
    })
}

/**
 * Two streams that are being opened at once: the one of the smaller peer id stays. A stream that was opened before its
 * opener knew of the newest one is of no use; any other replaces what there is, which its opener has lost.
 */
function judge(state: State, opened: OpenedStream, channel: Channel, hello: Hello): 'open' | 'busy' {
  if (!state.context.accept(hello.device)) throw new Libp2pError('libp2p/wrong-peer')
  const peer = state.peers.of(hello.device)
  if (hello.streams < peer.streams) return 'busy'
  if (peer.attempt?.saidHello && compareBytes(state.context.peerId, opened.peerId) < 0) return 'busy'
  install(state, peer, channel, hello.streams + 1, opened)
  peer.attempt?.adopt(channel)
  return 'open'
}

function install(
  state: State,
  peer: Peer,
  channel: Channel,
  streams: number,
  { peerId, nearness }: OpenedStream,
): void {
  const before = peer.channel
  peer.channel = channel
  peer.nearness = nearness
  peer.streams = Math.min(streams, 0xffff_ffff)
  peer.failures = 0
  peer.retryAt = 0
  state.channels.set(channel, peer.device)
  before?.close()
  if (state.queue.full) channel.pause()
  state.context.met(peer.device, peerId)
}

type Side = Pick<Parameters<typeof openChannel>[0], 'opener' | 'hello' | 'admit'>

function talk(state: State, { stream, peerId }: OpenedStream, side: Side): Promise<Outcome> {
  const { crypto, clock } = state.context
  return openChannel({
    stream,
    crypto,
    clock,
    peerId,
    ...side,
    frame: (channel, frame) => {
      const device = state.channels.get(channel)
      if (device === undefined || state.queue.push({ peer: device, frame })) return
      for (const one of state.channels.keys()) one.pause()
    },
    closed: (channel) => lost(state, channel),
  })
}

function lost(state: State, channel: Channel): void {
  const device = state.channels.get(channel)
  state.channels.delete(channel)
  if (device === undefined || state.closing.signal.aborted) return
  const peer = state.peers.of(device)
  if (peer.channel !== channel) return
  peer.channel = undefined
  peer.nearness = undefined
  // Who has opened it gets it back: the other side may have no way to.
  if (channel.opener && !peer.restoring) void restore(state, peer)
}

async function restore(state: State, peer: Peer): Promise<void> {
  const { clock, random } = state.context
  const { signal } = state.closing
  peer.restoring = true
  for (let attempt = 0; attempt < MAX_RESTORES && !signal.aborted; attempt++) {
    const wait = Math.max(backoffMs(attempt, random), peer.retryAt - clock.now())
    await clock.sleep(wait, signal, true).catch(() => {})
    if (signal.aborted || peer.channel !== undefined) break
    const got = await connect(state, peer).then(
      () => true,
      () => false,
    )
    if (got) break
  }
  peer.restoring = false
}
