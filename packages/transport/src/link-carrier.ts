/**
 * A carrier of one's own from what is its own alone: how a frame is sent, and what has come (spec/transport.md, "Links").
 * What every link owes to its users is done here: sizes, copies, signals, backpressure, closing, and errors with a code.
 */
import {
  type CarrierComponents,
  type CarrierTraits,
  CoreError,
  type IoOptions,
  isFrameSize,
  isHyphaeError,
  type Link,
  MAX_FRAME_BYTES,
  type Nearness,
  type Transport,
} from '@hyphae/core'
import { TransportError } from './errors.js'
import { createFrameQueue, type FrameQueue } from './frame-queue.js'
import { MAX_UNREAD_LINK_FRAMES } from './limits.js'

/** What a carrier is given to do its part. */
export interface LinkHost extends CarrierComponents {
  /**
   * Hands in what has come from a peer. What is no frame is dropped here. Resolves when there is room for more: a carrier
   * that waits for it before it takes in more holds its senders up, as a reliable one must. A frame that is handed to an
   * unreliable link without waiting, when there is no room, is lost.
   */
  received(peer: string, bytes: Uint8Array): Promise<void>
  /** Fires when the carrier is closed. */
  readonly closed: AbortSignal
}

/** A carrier's own part. */
export interface PlainLink {
  /** Resolves when the frame is on its way; rejects, with any error, when the peer cannot be reached. The array is its own. */
  send(peer: string, frame: Uint8Array, signal: AbortSignal): Promise<void> | void
  /** As in the port. */
  peers?(): readonly string[]
  nearness?(peer: string): Nearness | undefined
  close?(): Promise<void> | void
}

export interface LinkDescription {
  /** Short and public, for people. */
  readonly name: string
  /** What is true of it. Unless said, it is slow, and promises neither that frames come nor in which order. */
  readonly traits?: Partial<CarrierTraits>
}

const MODEST: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 1_000_000,
  latencyMs: 100,
  reliable: false,
  ordered: false,
  metered: false,
  privacy: 'direct',
}

interface State {
  readonly plain: PlainLink
  readonly traits: CarrierTraits
  readonly queue: FrameQueue
  readonly closing: AbortController
  /** Ends each sending that is not done. */
  readonly sending: Set<() => void>
}

export function linkCarrier(
  { name, traits: own }: LinkDescription,
  open: (host: LinkHost) => PlainLink | Promise<PlainLink>,
): Transport {
  const traits = { ...MODEST, ...own }
  return async (components) => {
    const closing = new AbortController()
    const { queue, received } = createInbox(traits.reliable, closing.signal)
    const plain = await open({ ...components, received, closed: closing.signal })
    const state: State = { plain, traits, queue, closing, sending: new Set() }
    const close = (): Promise<void> => end(state)
    return { name, traits, link: linkOf(state), close, [Symbol.asyncDispose]: close }
  }
}

function createInbox(
  reliable: boolean,
  closed: AbortSignal,
): Pick<LinkHost, 'received'> & { readonly queue: FrameQueue } {
  const waiting: (() => void)[] = []
  const go = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  closed.addEventListener('abort', go, { once: true })
  const queue = createFrameQueue({ most: MAX_UNREAD_LINK_FRAMES, onRoom: go })
  const received = async (peer: string, bytes: Uint8Array): Promise<void> => {
    if (closed.aborted || !isFrameSize(bytes.length)) return
    // A Buffer's own slice would not copy.
    if (reliable || !queue.full) queue.push({ peer, frame: Uint8Array.from(bytes) })
    if (queue.full)
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
      })
  }
  return { queue, received }
}

function linkOf(state: State): Link {
  const { plain, queue } = state
  return {
    send: (peer, frame, options) => send(state, peer, frame, options),
    frames: (options) => queue.read(options?.signal),
    ...(plain.peers && { peers: () => plain.peers?.() ?? [] }),
    ...(plain.nearness && { nearness: (peer) => plain.nearness?.(peer) }),
  }
}

async function send(state: State, peer: string, frame: Uint8Array, options?: IoOptions): Promise<void> {
  const { plain, traits, closing } = state
  if (!isFrameSize(frame.length) || frame.length > traits.mtu)
    throw new TransportError('transport/bad-frame', { details: { frame: frame.length, mtu: traits.mtu } })
  if (peer === '') throw new TransportError('transport/no-peer')
  if (closing.signal.aborted || options?.signal?.aborted) throw whyEnded(closing.signal, options?.signal)
  const over = new AbortController()
  const stop = (): void => over.abort()
  state.sending.add(stop)
  options?.signal?.addEventListener('abort', stop)
  try {
    await new Promise<void>((resolve, reject) => {
      over.signal.addEventListener('abort', () => reject(whyEnded(closing.signal, options?.signal)))
      Promise.resolve(plain.send(peer, Uint8Array.from(frame), over.signal)).then(resolve, reject)
    })
  } catch (error) {
    throw isHyphaeError(error) ? error : new TransportError('transport/lost', { cause: error })
  } finally {
    state.sending.delete(stop)
    options?.signal?.removeEventListener('abort', stop)
  }
}

function whyEnded(closed: AbortSignal, signal: AbortSignal | undefined): TransportError | CoreError {
  if (closed.aborted) return new TransportError('transport/closed')
  return new CoreError('core/aborted', { cause: signal?.reason })
}

async function end({ plain, queue, closing, sending }: State): Promise<void> {
  if (closing.signal.aborted) return
  closing.abort()
  for (const stop of [...sending]) stop()
  queue.end()
  await plain.close?.()
}
