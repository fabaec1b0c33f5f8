/**
 * The state of a session between two devices (spec/session.md, "State").
 *
 * Chains alternate: each side in turn makes a new ratchet key, and with it a new sending chain. So a session is
 * either `ready` to send, with a ratchet key of its own and waiting for the peer's next one; or it is `due`: the
 * peer's newest key came, and the answer to it is made when there is something to send. Being lazy here saves a
 * key pair and a DH for everyone who only listens, and the old private key is forgotten at once.
 */
import type { X25519PrivateKey } from '@hyphae/crypto'
import type { PeerKeys } from './device-keys.js'
import type { HeaderChain } from './header-chain.js'
import type { PostQuantum } from './post-quantum.js'
import type { PqState } from './pq/state.js'
import type { SessionRole } from './role.js'
import type { SkippedKeys } from './skipped-keys.js'

/** Bytes of a session id. */
export const SESSION_ID_BYTES = 16

/** What stays the same as long as the session lives. */
export interface SessionFacts {
  readonly role: SessionRole
  readonly createdAt: number
  readonly peer: PeerKeys
  /** Hash of the handshake, both identities and the bundle: the associated data of every frame. */
  readonly transcript: Uint8Array
  readonly id: Uint8Array
  readonly mailboxSecret: Uint8Array
}

export interface ReadySide {
  readonly kind: 'ready'
  readonly ratchetKey: X25519PrivateKey
  /** The same key as bytes, so that a snapshot needs no provider. */
  readonly ratchetSecret: Uint8Array
  /** Stored, because deriving it costs as much as a DH. */
  readonly ratchetPublic: Uint8Array
  readonly chainKey: Uint8Array
  readonly headerKey: Uint8Array
  /** Number of the next message. */
  readonly n: number
  /** Length of the sending chain before this one. */
  readonly pn: number
  /** The header key of the chain that the peer's next ratchet key will start. */
  readonly next: HeaderChain
}

export interface DueSide {
  readonly kind: 'due'
  /** The peer's newest ratchet key. */
  readonly remoteKey: Uint8Array
  /** Header key of the chain to be made. */
  readonly headerKey: Uint8Array
  readonly pn: number
}

export interface ReceivingChain {
  readonly chainKey: Uint8Array
  readonly header: HeaderChain
  /** Number of the next message. */
  readonly n: number
}

/** The post-quantum ratchet of a suite 2 session, with what moves it. */
export interface PqSide {
  readonly suite: PostQuantum
  readonly state: PqState
}

/** With the session's id, which is the beginning of its transcript. */
export function factsOf(
  role: SessionRole,
  { createdAt, peer, transcript, mailboxSecret }: Omit<SessionFacts, 'id' | 'role'>,
): SessionFacts {
  return { role, createdAt, peer, transcript, id: transcript.slice(0, SESSION_ID_BYTES), mailboxSecret }
}

/** Everything, secrets included. Never mutated. */
export interface SessionCore {
  readonly facts: SessionFacts
  readonly rootKey: Uint8Array
  readonly sending: ReadySide | DueSide
  /** Null until the initiator hears from the peer for the first time. */
  readonly receiving: ReceivingChain | null
  readonly skipped: SkippedKeys
  /** Null in suite 1. */
  readonly pq: PqSide | null
  /** When the peer's newest ratchet key came, in milliseconds; 0 when unknown. */
  readonly turnedAt: number
}

/** Where a session keeps its core: behind a function, so that neither inspect nor JSON reaches a secret. */
export const CORE: unique symbol = Symbol('hyphae.session')

/** An immutable session. Functions of this package take one and give back the next. */
export interface SessionState {
  /** 16 bytes, the same on both sides; public. */
  readonly id: Uint8Array
  readonly role: SessionRole
  readonly peer: PeerKeys
  /** Milliseconds, by this side's clock. */
  readonly createdAt: number
  /** 32 bytes that both sides share, for deriving mailbox keys. Secret; not enumerable. */
  readonly mailboxSecret: Uint8Array
  readonly [CORE]: () => SessionCore
}

/** A getter on the prototype: printing and copying an object do not call it. */
const face = {
  get mailboxSecret(): Uint8Array {
    return coreOf(this as unknown as SessionState).facts.mailboxSecret
  },
}

export function sessionOf(core: SessionCore): SessionState {
  const { id, role, peer, createdAt } = core.facts
  const session = Object.create(face)
  session.id = id
  session.role = role
  session.peer = peer
  session.createdAt = createdAt
  session[CORE] = () => core
  return session
}

export function coreOf(session: SessionState): SessionCore {
  return session[CORE]()
}

/** Epoch 0 of a suite 2 session; null when the key agreement gave no post-quantum secret, which is overwritten. */
export function pqSide(
  suite: PostQuantum | null,
  role: SessionRole,
  secret: Uint8Array | null,
): PqSide | null {
  if (suite === null || secret === null) return null
  const state = suite.begin(role, secret)
  secret.fill(0)
  return { suite, state }
}
