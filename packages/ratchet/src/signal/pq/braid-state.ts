/**
 * The eleven states of the ML-KEM Braid (its specification, section 2.5; spec/signal.md).
 *
 * One side holds the key of an epoch (the first six, in which it ends by receiving ct2), the other encapsulates to
 * it; with every epoch they change sides. Immutable data; pq/send.ts and pq/receive.ts say what follows what.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { type Authenticator, MAC_BYTES, startAuthenticator } from './authenticator.js'
import { type Decoder, decoderOf, type Encoder } from './erasure.js'
import { HEADER_BYTES } from './mlkem.js'

interface Common {
  /** The epoch whose secret is being agreed on. */
  readonly epoch: number
  readonly authenticator: Authenticator
}

/** Holds no key yet. */
export interface KeysUnsampled extends Common {
  readonly kind: 'keys-unsampled'
}

/** Sends the header. */
export interface KeysSampled extends Common {
  readonly kind: 'keys-sampled'
  /** d ‖ z, 64 bytes. */
  readonly seed: Uint8Array
  readonly header: Encoder
}

/** Saw ct1 begin: sends the key's vector. */
export interface HeaderSent extends Common {
  readonly kind: 'header-sent'
  readonly seed: Uint8Array
  readonly vector: Encoder
  readonly ct1: Decoder
}

/** Has all of ct1: sends the vector, and says so. */
export interface Ct1Received extends Common {
  readonly kind: 'ct1-received'
  readonly seed: Uint8Array
  readonly vector: Encoder
  readonly ct1: Uint8Array
}

/** Saw ct2 begin: has nothing more to send. */
export interface EkSentCt1Received extends Common {
  readonly kind: 'ek-sent-ct1-received'
  readonly seed: Uint8Array
  readonly ct1: Uint8Array
  readonly ct2: Decoder
}

/** Waits for the peer's header. */
export interface NoHeaderReceived extends Common {
  readonly kind: 'no-header-received'
  readonly headerDecoder: Decoder
}

/** Has the header, and has not sent since. */
export interface HeaderReceived extends Common {
  readonly kind: 'header-received'
  readonly header: Uint8Array
}

interface Encapsulating extends Common {
  readonly header: Uint8Array
  /** m, 32 bytes. */
  readonly randomness: Uint8Array
}

/** Sends ct1, collects the vector. */
export interface Ct1Sampled extends Encapsulating {
  readonly kind: 'ct1-sampled'
  readonly ct1: Encoder
  readonly vector: Decoder
}

/** Has the vector, sends ct1 until the peer has it. */
export interface EkReceivedCt1Sampled extends Encapsulating {
  readonly kind: 'ek-received-ct1-sampled'
  readonly ct1: Encoder
  readonly vector: Uint8Array
}

/** The peer has ct1; the vector is not whole yet. */
export interface Ct1Acknowledged extends Encapsulating {
  readonly kind: 'ct1-acknowledged'
  readonly ct1: Uint8Array
  readonly vector: Decoder
}

/** Sends ct2 until the peer begins the next epoch. */
export interface Ct2Sampled extends Common {
  readonly kind: 'ct2-sampled'
  readonly ct2: Encoder
}

export type BraidState =
  | KeysUnsampled
  | KeysSampled
  | HeaderSent
  | Ct1Received
  | EkSentCt1Received
  | NoHeaderReceived
  | HeaderReceived
  | Ct1Sampled
  | EkReceivedCt1Sampled
  | Ct1Acknowledged
  | Ct2Sampled

/** An epoch that a step has completed, for the chains. */
export interface EpochSecret {
  readonly epoch: number
  readonly secret: Uint8Array
}

/** The initiator of the session makes the first key. */
export function startBraid(crypto: CryptoProvider, authKey: Uint8Array, initiator: boolean): BraidState {
  const authenticator = startAuthenticator(crypto, authKey)
  return initiator ? { kind: 'keys-unsampled', epoch: 1, authenticator } : awaitHeader(1, authenticator)
}

export function awaitHeader(epoch: number, authenticator: Authenticator): NoHeaderReceived {
  const headerDecoder = decoderOf(HEADER_BYTES + MAC_BYTES)
  return { kind: 'no-header-received', epoch, authenticator, headerDecoder }
}
