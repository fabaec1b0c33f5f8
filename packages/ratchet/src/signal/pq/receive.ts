/**
 * Receiving in the ML-KEM Braid (section 2.5). A message of an older epoch, or of a kind that the state does not wait
 * for, changes nothing: it came late. What is put together from chunks is checked before it is used.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { SignalError } from '../errors.js'
import {
  authenticate,
  epochSecret,
  MAC_BYTES,
  requireAuthentic,
  updateAuthenticator,
} from './authenticator.js'
import {
  awaitHeader,
  type BraidState,
  type Ct1Acknowledged,
  type Ct1Sampled,
  type EkReceivedCt1Sampled,
  type EkSentCt1Received,
  type EpochSecret,
  type NoHeaderReceived,
} from './braid-state.js'
import { type Chunk, decoderOf, encoderOf, takeChunk } from './erasure.js'
import type { Payload } from './message.js'
import {
  CT1_BYTES,
  CT2_BYTES,
  decapsulate,
  encapsulateSecond,
  encapsulationKey,
  HEADER_BYTES,
  promisedKey,
} from './mlkem.js'

export interface BraidReceived {
  readonly state: BraidState
  /** Set when this side has just agreed on the epoch. */
  readonly agreed: EpochSecret | null
}

/** @throws SignalError `ratchet/signal-bad-post-quantum` */
export function braidReceive(
  crypto: CryptoProvider,
  state: BraidState,
  epoch: number,
  payload: Payload,
): BraidReceived {
  if (epoch > state.epoch) return { state: nextEpoch(state, epoch), agreed: null }
  if (epoch < state.epoch) return { state, agreed: null }
  if (state.kind === 'ek-sent-ct1-received') {
    return payload.kind === 'ct2' ? takeCt2(crypto, state, payload.chunk) : { state, agreed: null }
  }
  return { state: react(crypto, state, payload), agreed: null }
}

/** The peer has ct2: this side makes the next key. */
function nextEpoch({ kind, epoch: old, authenticator }: BraidState, epoch: number): BraidState {
  if (kind !== 'ct2-sampled' || epoch !== old + 1) {
    throw new SignalError('ratchet/signal-bad-post-quantum', { details: { part: 'epoch', epoch } })
  }
  return { kind: 'keys-unsampled', epoch, authenticator }
}

function react(
  crypto: CryptoProvider,
  state: Exclude<BraidState, EkSentCt1Received>,
  payload: Payload,
): BraidState {
  switch (state.kind) {
    case 'no-header-received':
      return payload.kind === 'header' ? takeHeader(crypto, state, payload.chunk) : state
    case 'ct1-sampled':
    case 'ct1-acknowledged':
      return takeVector(crypto, state, payload)
    case 'ek-received-ct1-sampled':
      return acknowledges(payload) ? sampleCt2(crypto, state, state.ct1.value, state.vector) : state
    case 'keys-sampled':
    case 'header-sent':
    case 'ct1-received':
      return holderReacts(state, payload)
    default:
      return state
  }
}

type KeyHolder = Extract<BraidState, { kind: 'keys-sampled' | 'header-sent' | 'ct1-received' }>

function holderReacts(state: KeyHolder, payload: Payload): BraidState {
  if (state.kind === 'ct1-received') {
    if (payload.kind !== 'ct2') return state
    const { vector: _, ...rest } = state
    const ct2 = takeChunk(decoderOf(CT2_BYTES + MAC_BYTES), payload.chunk).decoder
    return { ...rest, kind: 'ek-sent-ct1-received', ct2 }
  }
  if (payload.kind !== 'ct1') return state
  const { epoch, authenticator, seed } = state
  const sent = state.kind === 'header-sent'
  const vector = sent ? state.vector : encoderOf(encapsulationKey(seed).vector)
  const { decoder, value } = takeChunk(sent ? state.ct1 : decoderOf(CT1_BYTES), payload.chunk)
  const common = { epoch, authenticator, seed, vector }
  return value === null
    ? { kind: 'header-sent', ...common, ct1: decoder }
    : { kind: 'ct1-received', ...common, ct1: value }
}

function takeHeader(crypto: CryptoProvider, state: NoHeaderReceived, chunk: Chunk): BraidState {
  const { decoder, value } = takeChunk(state.headerDecoder, chunk)
  if (value === null) return { ...state, headerDecoder: decoder }
  const { epoch, authenticator } = state
  const header = value.slice(0, HEADER_BYTES)
  requireAuthentic(crypto, authenticator, 'header', epoch, header, value.subarray(HEADER_BYTES))
  return { kind: 'header-received', epoch, authenticator, header }
}

function acknowledges({ kind }: Payload): boolean {
  return kind === 'ek-ct1-ack' || kind === 'ct1-ack'
}

function takeVector(
  crypto: CryptoProvider,
  state: Ct1Sampled | Ct1Acknowledged,
  payload: Payload,
): BraidState {
  const chunk = payload.kind === 'ek' || payload.kind === 'ek-ct1-ack' ? payload.chunk : null
  const taken = chunk === null ? { decoder: state.vector, value: null } : takeChunk(state.vector, chunk)
  const vector = taken.value
  if (vector !== null) promisedKey(state.header, vector)
  if (state.kind === 'ct1-sampled' && !acknowledges(payload)) {
    const { epoch, authenticator, header, randomness, ct1 } = state
    const common = { epoch, authenticator, header, randomness, ct1 }
    return vector === null
      ? { kind: 'ct1-sampled', ...common, vector: taken.decoder }
      : { kind: 'ek-received-ct1-sampled', ...common, vector }
  }
  const ct1 = ct1Of(state)
  if (vector !== null) return sampleCt2(crypto, state, ct1, vector)
  return { ...state, kind: 'ct1-acknowledged', ct1, vector: taken.decoder }
}

function ct1Of(state: Ct1Sampled | Ct1Acknowledged): Uint8Array {
  return state.kind === 'ct1-sampled' ? state.ct1.value : state.ct1
}

function sampleCt2(
  crypto: CryptoProvider,
  state: Ct1Sampled | Ct1Acknowledged | EkReceivedCt1Sampled,
  ct1: Uint8Array,
  vector: Uint8Array,
): BraidState {
  const { epoch, authenticator, header, randomness } = state
  const ct2 = encapsulateSecond(header, vector, randomness, ct1)
  const mac = authenticate(crypto, authenticator, 'ciphertext', epoch, concatBytes(ct1, ct2))
  return { kind: 'ct2-sampled', epoch, authenticator, ct2: encoderOf(concatBytes(ct2, mac)) }
}

function takeCt2(crypto: CryptoProvider, state: EkSentCt1Received, chunk: Chunk): BraidReceived {
  const { decoder, value } = takeChunk(state.ct2, chunk)
  if (value === null) return { state: { ...state, ct2: decoder }, agreed: null }
  const { epoch, seed, ct1 } = state
  const ct2 = value.slice(0, CT2_BYTES)
  const secret = epochSecret(crypto, epoch, decapsulate(seed, ct1, ct2))
  const authenticator = updateAuthenticator(crypto, state.authenticator, epoch, secret)
  const ciphertext = concatBytes(ct1, ct2)
  requireAuthentic(crypto, authenticator, 'ciphertext', epoch, ciphertext, value.subarray(CT2_BYTES))
  return { state: awaitHeader(epoch + 1, authenticator), agreed: { epoch, secret } }
}
