/**
 * What the parts of a link mailbox share: the peers, and a way to say something to them, in order. Knows the state of a
 * peer, but not what moves it.
 */
import {
  type BoxId,
  type CarrierTraits,
  type Clock,
  FRAME_SIZES,
  type Link,
  type Logger,
  MAX_FRAME_BYTES,
} from '@hyphae/core'
import { LOSSY_ANSWER_MS, MAX_LINK_PEERS, MAX_QUEUED_MESSAGES, RELIABLE_ANSWER_MS } from '../limits.js'
import { createNotifier, type Notifier } from '../notifier.js'
import { encodeControl, RUN_BYTES } from './control.js'
import { encodeMessage, type Message } from './message.js'

/** What is needed of a CryptoProvider. */
export interface LinkCrypto {
  randomBytes(length: number): Uint8Array
  sha256(data: Uint8Array): Uint8Array
  readonly ed25519: {
    verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  }
}

/** A box that a peer has proved to read. */
export interface ProvedBox {
  readonly hex: string
  readonly box: BoxId
  readonly tag: Uint8Array
}

/** An announcement that was not heard yet. */
export interface Unheard {
  readonly boxes: readonly string[]
  dueAt: number
  attempts: number
}

export interface Peer {
  readonly name: string
  /** Of its present run; undefined before it has said hello. */
  run: Uint8Array | undefined
  /** New runs in one minute. */
  minute: number
  runs: number
  present: boolean
  /** It could not be spoken to, or did not answer in time. */
  unreachable: boolean
  heardAt: number
  /** How often in a row it has not answered at all. */
  silences: number
  /** Announcements by tag: signatures, not verified. */
  readonly serves: Map<string, Uint8Array>
  /** Those of them that were needed and verified: by box, and by tag. */
  readonly proved: Map<string, ProvedBox>
  readonly provedByTag: Map<string, ProvedBox>
  /** Tags of boxes that were looked for here. */
  readonly tags: Map<string, ProvedBox>
  /** This node's boxes that it was told of, by tag. */
  readonly told: Map<string, string>
  readonly unheard: Map<number, Unheard>
  /** Frames on their way to it, and their bytes. */
  flying: number
  flyingBytes: number
  greetings: number
  greetAt: number
  refusals: number
  chain: Promise<void>
  queued: number
}

export interface Post {
  readonly link: Link
  readonly traits: CarrierTraits
  readonly crypto: LinkCrypto
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly closed: AbortSignal
  /** Names this run of this node. */
  readonly run: Uint8Array
  readonly peers: Map<string, Peer>
  /** Woken when a peer was met or lost, or heard an announcement. */
  readonly changed: Notifier
  /** Told when a peer cannot be reached any more. */
  readonly onLost: Set<(peer: Peer) => void>
}

const NOBODY: Uint8Array = new Uint8Array(RUN_BYTES)

export function createPost(parts: Omit<Post, 'run' | 'peers' | 'changed' | 'onLost'>): Post {
  return {
    ...parts,
    run: parts.crypto.randomBytes(RUN_BYTES),
    peers: new Map(),
    changed: createNotifier(),
    onLost: new Set(),
  }
}

/** The peer's row, made when there is room: one that is absent gives way. */
export function peerOf(post: Post, name: string): Peer | undefined {
  const known = post.peers.get(name)
  if (known !== undefined) return known
  if (post.peers.size >= MAX_LINK_PEERS) {
    const absent = [...post.peers.values()].find((peer) => !peer.present)
    if (absent === undefined) return undefined
    lose(post, absent)
    post.peers.delete(absent.name)
  }
  const peer: Peer = {
    name,
    run: undefined,
    minute: 0,
    runs: 0,
    present: false,
    unreachable: false,
    heardAt: Number.NEGATIVE_INFINITY,
    silences: 0,
    serves: new Map(),
    proved: new Map(),
    provedByTag: new Map(),
    tags: new Map(),
    told: new Map(),
    unheard: new Map(),
    flying: 0,
    flyingBytes: 0,
    greetings: 0,
    greetAt: 0,
    refusals: 0,
    chain: Promise.resolve(),
    queued: 0,
  }
  post.peers.set(name, peer)
  return peer
}

/** Says something, and with it frames, after what was said before. False when too much waits already. */
export function say(post: Post, peer: Peer, message: Message, frames: readonly Uint8Array[] = []): boolean {
  if (peer.queued >= MAX_QUEUED_MESSAGES || post.closed.aborted) return false
  const control = encodeControl({ to: peer.run ?? NOBODY, message: encodeMessage(message) })
  peer.queued += 1
  peer.chain = peer.chain
    .then(async () => {
      for (const frame of [control, ...frames])
        await post.link.send(peer.name, frame, { signal: post.closed })
    })
    .catch(() => lose(post, peer))
    .finally(() => {
      peer.queued -= 1
    })
  return true
}

export function sayHello(post: Post, peer: Peer, asks: boolean): void {
  say(post, peer, { kind: 'hello', run: post.run, sees: peer.run ?? NOBODY, asks })
}

/** It does not answer, or cannot be spoken to: what is under way to it may be lost. */
export function lose(post: Post, peer: Peer): void {
  const was = peer.present
  peer.present = false
  peer.unreachable = true
  for (const tell of post.onLost) tell(peer)
  if (was) post.logger.info('link mailbox: a peer does not answer')
  post.changed.wake()
}

/** Milliseconds in which an answer should come, when so many bytes are on their way. */
export function answerMs({ traits }: Post, bytesAhead: number): number {
  const least = traits.reliable ? RELIABLE_ANSWER_MS : LOSSY_ANSWER_MS
  return least + 4 * traits.latencyMs + 2 * airMs(traits, bytesAhead + MAX_FRAME_BYTES)
}

/** Milliseconds that so many bytes take. */
export function airMs({ bandwidthBps }: CarrierTraits, bytes: number): number {
  return (8000 * bytes) / bandwidthBps
}

/** Bytes of the largest frame that the link takes. */
export function largestFrame({ traits }: Post): number {
  return FRAME_SIZES.findLast((size) => size <= traits.mtu) ?? FRAME_SIZES[0]
}
