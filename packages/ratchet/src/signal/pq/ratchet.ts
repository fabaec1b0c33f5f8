/**
 * The sparse post-quantum ratchet (Double Ratchet revision 3, section 5): the ML-KEM Braid makes the epochs' secrets,
 * the chains make a key for every message of them. State in, state out; a failure leaves nothing behind.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { type BraidState, startBraid } from './braid-state.js'
import { addEpoch, type PqChains, receivingKey, sendingKey, startChains } from './chains.js'
import { decodePqMessage, encodePqMessage } from './message.js'
import { braidReceive } from './receive.js'
import { braidSend } from './send.js'

export interface PqRatchet {
  readonly braid: BraidState
  readonly chains: PqChains
}

export function startPqRatchet(crypto: CryptoProvider, authKey: Uint8Array, initiator: boolean): PqRatchet {
  return {
    braid: startBraid(crypto, authKey, initiator),
    chains: startChains(crypto, authKey, initiator),
  }
}

/** The newest epoch whose secret this side holds: 0 until the first exchange is complete. */
export function pqEpoch({ chains }: PqRatchet): number {
  return chains.epochs[chains.epochs.length - 1]?.epoch ?? 0
}

export interface PqSent {
  readonly ratchet: PqRatchet
  readonly message: Uint8Array
  /** 32 bytes, to be mixed into the message key. */
  readonly key: Uint8Array
}

/** Keys come from the epoch before the one that is being agreed on: that one the peer has for certain. */
export function pqSend(crypto: CryptoProvider, { braid, chains }: PqRatchet): PqSent {
  const { state, payload, agreed } = braidSend(crypto, braid)
  const known = agreed === null ? chains : addEpoch(crypto, chains, agreed.epoch, agreed.secret)
  const { chains: next, index, key } = sendingKey(crypto, known, state.epoch - 1)
  const message = encodePqMessage({ epoch: state.epoch, index, payload })
  return { ratchet: { braid: state, chains: next }, message, key }
}

/** @throws SignalError; the message around it proves, or disproves, what this gives */
export function pqReceive(
  crypto: CryptoProvider,
  { braid, chains }: PqRatchet,
  input: Uint8Array,
  forward: number,
): { ratchet: PqRatchet; key: Uint8Array } {
  const { epoch, index, payload } = decodePqMessage(input)
  const { state, agreed } = braidReceive(crypto, braid, epoch, payload)
  const known = agreed === null ? chains : addEpoch(crypto, chains, agreed.epoch, agreed.secret)
  const { chains: next, key } = receivingKey(crypto, known, epoch - 1, index, forward)
  return { ratchet: { braid: state, chains: next }, key }
}
