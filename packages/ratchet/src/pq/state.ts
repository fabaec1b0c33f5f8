/**
 * The state of the post-quantum ratchet (spec/session.md, "Post-quantum ratchet").
 *
 * Epochs follow each other; the initiator offers the odd ones and the responder the even ones. For epoch e the
 * offering side sends an encapsulation key in two values, header and vector; the answering side sends a ciphertext
 * in two, ct1 and ct2. `epoch` is the last one that the peer was seen to send under.
 *
 *   offering side    resting → offering → moved → (peer follows) awaiting the next
 *   answering side   awaiting → answering → (peer moved) resting before the next
 */
import type { KemPrivateKey } from '@hyphae/crypto/kem'
import type { SessionRole } from '../role.js'
import { type Collected, NOTHING } from './erasure.js'

/** What one side has sent of its two values. */
export interface Progress {
  /** Bit i: the peer has all of value i. */
  readonly acked: number
  /** Index of the next chunk of each value. */
  readonly cursors: readonly [number, number]
}

/** Our turn to offer, not begun. */
export interface Resting {
  readonly kind: 'resting'
}

export interface Offering extends Progress {
  readonly kind: 'offering'
  readonly privateKey: KemPrivateKey
  readonly publicKey: Uint8Array
  readonly header: Uint8Array
  /** ct1 and ct2. */
  readonly collected: readonly [Collected, Collected]
}

/** The offer is answered: we send under the new epoch, and the peer has not followed yet. */
export interface Moved {
  readonly kind: 'moved'
}

/** The peer's turn to offer. */
export interface Awaiting {
  readonly kind: 'awaiting'
  /** Header and vector. */
  readonly collected: readonly [Collected, Collected]
}

/** While the vector is not known, what ct2 will be made from. */
export interface Pending {
  /** 32 bytes, secret. */
  readonly random: Uint8Array
  readonly header: Uint8Array
  readonly vector: Collected
}

export interface Answering extends Progress {
  readonly kind: 'answering'
  readonly ct1: Uint8Array
  readonly rest:
    | { readonly kind: 'pending'; readonly pending: Pending }
    | { readonly kind: 'made'; readonly ct2: Uint8Array }
}

export type Exchange = Resting | Offering | Moved | Awaiting | Answering

/** Never mutated. */
export interface PqState {
  readonly role: SessionRole
  readonly epoch: number
  /** Of `epoch`. */
  readonly key: Uint8Array
  /** Of the last epoch whose key is known. */
  readonly root: Uint8Array
  /** Of epoch + 1, once known: while moved and while answering. */
  readonly next: Uint8Array | null
  readonly exchange: Exchange
  /** Messages sent and read in this epoch, up to MAX_PQ_COUNT. */
  readonly messages: number
  /** Frames read without progress of the exchange while it was the peer's turn; up to MAX_PQ_COUNT. */
  readonly silent: number
  /** We have done our part since the last progress, as far as a frame had room for it. */
  readonly spoke: boolean
  /** When `epoch` was reached, in milliseconds; 0 when unknown. */
  readonly healedAt: number
}

export const NO_PROGRESS: Progress = { acked: 0, cursors: [0, 0] }

/** True for the side that makes the encapsulation key of this epoch. */
export function offers(role: SessionRole, epoch: number): boolean {
  return (epoch % 2 === 1) === (role === 'initiator')
}

/** How the exchange for epoch + 1 begins. */
export function freshExchange(role: SessionRole, epoch: number): Exchange {
  return offers(role, epoch + 1) ? { kind: 'resting' } : { kind: 'awaiting', collected: [NOTHING, NOTHING] }
}

/** Epoch 0. `secret` is PR0 ‖ PK0. */
export function beginPq(role: SessionRole, secret: Uint8Array): PqState {
  return {
    role,
    epoch: 0,
    key: secret.slice(32),
    root: secret.slice(0, 32),
    next: null,
    exchange: freshExchange(role, 0),
    messages: 0,
    silent: 0,
    spoke: false,
    healedAt: 0,
  }
}
