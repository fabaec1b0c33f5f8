/**
 * What a session needs of post-quantum cryptography, as an interface: `@hyphae/ratchet/pq` implements it, and is
 * passed in. A program that does not pass it carries no lattice code (spec/session.md, "Suites").
 */
import type { SessionCrypto } from '@hyphae/crypto'
import type { Kem, KemName } from '@hyphae/crypto/kem'
import type { PqState } from './pq/state.js'
import type { SessionRole } from './role.js'

export interface PqSendInput {
  /** T of the session. */
  readonly transcript: Uint8Array
  /** Bytes of padding that the frame has. */
  readonly room: number
}

export interface PqSent {
  readonly state: PqState
  /** The epoch that the frame is sent under. */
  readonly epoch: number
  /** Its key, 32 bytes. */
  readonly key: Uint8Array
  /** At most `room` bytes. */
  readonly padding: Uint8Array
}

export interface PqReceiveInput {
  /** The epoch that the frame was sent under, in full: at most one past the state's. */
  readonly epoch: number
  /** Authentic. */
  readonly padding: Uint8Array
  /** Milliseconds; 0 when unknown. */
  readonly now: number
}

export interface PostQuantum {
  /** The KEM of new prekeys. */
  readonly prekeyKem: Kem
  /** Any KEM that a bundle may name. */
  kem(name: KemName): Kem
  /** Epoch 0; `secret` is PR0 ‖ PK0, 64 bytes. */
  begin(role: SessionRole, secret: Uint8Array): PqState
  /** The state after one more frame is sent, and what that frame carries. */
  send(crypto: SessionCrypto, state: PqState, input: PqSendInput): PqSent
  /** The state after an authentic frame. @throws RatchetError `ratchet/bad-frame` */
  receive(state: PqState, input: PqReceiveInput): PqState
  encode(state: PqState): Uint8Array
  /** @throws RatchetError `ratchet/bad-snapshot` */
  decode(role: SessionRole, bytes: Uint8Array): PqState
}
