/**
 * Sending in the ML-KEM Braid (section 2.5): what the next message carries, and the state after it. Randomness is
 * drawn here alone: once for a key pair, once for an encapsulation.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { authenticate, epochSecret, updateAuthenticator } from './authenticator.js'
import type { BraidState, EpochSecret, HeaderReceived, KeysUnsampled } from './braid-state.js'
import { decoderOf, encoderOf, nextChunk } from './erasure.js'
import type { Payload } from './message.js'
import { encapsulateFirst, encapsulationKey, RANDOMNESS_BYTES, SEED_BYTES, VECTOR_BYTES } from './mlkem.js'

export interface BraidSent {
  readonly state: BraidState
  readonly payload: Payload
  /** Set when this side has just agreed on the epoch. */
  readonly agreed: EpochSecret | null
}

export function braidSend(crypto: CryptoProvider, state: BraidState): BraidSent {
  switch (state.kind) {
    case 'keys-unsampled':
      return sampleKeys(crypto, state)
    case 'header-received':
      return sampleCiphertext(crypto, state)
    case 'no-header-received':
    case 'ct1-acknowledged':
      return { state, payload: { kind: 'none' }, agreed: null }
    case 'ek-sent-ct1-received':
      return { state, payload: { kind: 'ct1-ack' }, agreed: null }
    default:
      return sendChunk(state)
  }
}

type Chunking = Extract<
  BraidState,
  {
    kind:
      | 'keys-sampled'
      | 'header-sent'
      | 'ct1-received'
      | 'ct1-sampled'
      | 'ek-received-ct1-sampled'
      | 'ct2-sampled'
  }
>

function sendChunk(state: Chunking): BraidSent {
  switch (state.kind) {
    case 'keys-sampled': {
      const { encoder, chunk } = nextChunk(state.header)
      return { state: { ...state, header: encoder }, payload: { kind: 'header', chunk }, agreed: null }
    }
    case 'header-sent':
    case 'ct1-received': {
      const { encoder, chunk } = nextChunk(state.vector)
      const kind = state.kind === 'header-sent' ? 'ek' : 'ek-ct1-ack'
      return { state: { ...state, vector: encoder }, payload: { kind, chunk }, agreed: null }
    }
    case 'ct1-sampled':
    case 'ek-received-ct1-sampled': {
      const { encoder, chunk } = nextChunk(state.ct1)
      return { state: { ...state, ct1: encoder }, payload: { kind: 'ct1', chunk }, agreed: null }
    }
    case 'ct2-sampled': {
      const { encoder, chunk } = nextChunk(state.ct2)
      return { state: { ...state, ct2: encoder }, payload: { kind: 'ct2', chunk }, agreed: null }
    }
  }
}

function sampleKeys(crypto: CryptoProvider, { epoch, authenticator }: KeysUnsampled): BraidSent {
  const seed = crypto.randomBytes(SEED_BYTES)
  const { header } = encapsulationKey(seed)
  const mac = authenticate(crypto, authenticator, 'header', epoch, header)
  return sendChunk({
    kind: 'keys-sampled',
    epoch,
    authenticator,
    seed,
    header: encoderOf(concatBytes(header, mac)),
  })
}

/** The secret is known from here on, to this side; the peer learns it with ct2. */
function sampleCiphertext(crypto: CryptoProvider, state: HeaderReceived): BraidSent {
  const { epoch, header } = state
  const randomness = crypto.randomBytes(RANDOMNESS_BYTES)
  const { ct1, secret: kemSecret } = encapsulateFirst(header, randomness)
  const secret = epochSecret(crypto, epoch, kemSecret)
  const authenticator = updateAuthenticator(crypto, state.authenticator, epoch, secret)
  const sent = sendChunk({
    kind: 'ct1-sampled',
    epoch,
    authenticator,
    header,
    randomness,
    ct1: encoderOf(ct1),
    vector: decoderOf(VECTOR_BYTES),
  })
  return { ...sent, agreed: { epoch, secret } }
}
