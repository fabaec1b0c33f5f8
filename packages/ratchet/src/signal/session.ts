/**
 * The state of a session on the Signal wire: the classical Double Ratchet, the post-quantum ratchet beside it, and
 * for an initiator what its first messages repeat until it is answered. Immutable; functions give back the next.
 */
import type { X25519PrivateKey } from '@hyphae/crypto'
import { type PqRatchet, pqEpoch } from './pq/ratchet.js'

export interface SendingChain {
  readonly ratchetKey: X25519PrivateKey
  readonly chainKey: Uint8Array
  /** Number of the next message. */
  readonly counter: number
  /** Number of the last message of the chain before, 0 when there was none. */
  readonly previousCounter: number
}

export interface SkippedSeed {
  readonly counter: number
  readonly seed: Uint8Array
}

export interface ReceivingChain {
  /** The peer's, 32 bytes. */
  readonly ratchetKey: Uint8Array
  readonly chainKey: Uint8Array
  /** Number of the next message. */
  readonly counter: number
  /** In order of their counters. */
  readonly skipped: readonly SkippedSeed[]
}

/** What an initiator repeats until it hears from the responder. */
export interface PendingHandshake {
  readonly registrationId: number
  readonly prekeyId: number | undefined
  readonly signedPrekeyId: number
  readonly kyberPrekeyId: number
  readonly kyberCiphertext: Uint8Array
}

export interface SessionCore {
  /** Identity keys, 32 bytes each. */
  readonly local: Uint8Array
  readonly peer: Uint8Array
  /** The initiator's; names the session on both sides. */
  readonly baseKey: Uint8Array
  readonly pending: PendingHandshake | null
  readonly rootKey: Uint8Array
  readonly sending: SendingChain
  /** Newest last. */
  readonly receiving: readonly ReceivingChain[]
  readonly pq: PqRatchet
}

/** Where a session keeps its core: behind a function, so that neither inspect nor JSON reaches a secret. */
export const CORE: unique symbol = Symbol('hyphae.signal-session')

/** An immutable session. */
export interface SignalSession {
  /** The peer's identity key, 32 bytes. */
  readonly peer: Uint8Array
  /** The initiator's base key, 32 bytes; public, the same on both sides. */
  readonly baseKey: Uint8Array
  /** True until an initiator has heard from its peer; its messages are first messages until then. */
  readonly unacknowledged: boolean
  /** Post-quantum exchanges completed. One that stands still is a peer that stalls. */
  readonly pqEpoch: number
  readonly [CORE]: () => SessionCore
}

export function sessionOf(core: SessionCore): SignalSession {
  return {
    peer: core.peer,
    baseKey: core.baseKey,
    unacknowledged: core.pending !== null,
    pqEpoch: pqEpoch(core.pq),
    [CORE]: () => core,
  }
}

export function coreOf(session: SignalSession): SessionCore {
  return session[CORE]()
}
