/**
 * Message keys of the post-quantum ratchet (Double Ratchet revision 3, section 5).
 *
 *   start:     root ‖ A→B ‖ B→A = HKDF(auth key,     no salt,   "Signal PQ Ratchet V1 Chain  Start", 96)
 *   new epoch: root ‖ A→B ‖ B→A = HKDF(epoch secret, salt root, "Signal PQ Ratchet V1 Chain Add Epoch", 96)
 *   next:      chain ‖ key      = HKDF(chain, no salt, counter u32 ‖ "Signal PQ Ratchet V1 Chain Next", 64)
 *
 * A is the initiator. Epoch 0 comes from the handshake; counters begin at 1. An epoch before the one that is sent in
 * is kept for late messages, older ones are forgotten. Knows nothing of the exchange that makes the secrets.
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import { be32, label, ZERO_SALT } from '../bytes.js'
import { SignalError } from '../errors.js'
import { SIGNAL_MAX_COUNTER, SIGNAL_MAX_SKIPPED } from '../limits.js'

// Two spaces: so it stands on the wire's other side.
const START = label('Signal PQ Ratchet V1 Chain  Start')
const ADD_EPOCH = label('Signal PQ Ratchet V1 Chain Add Epoch')
const NEXT = label('Signal PQ Ratchet V1 Chain Next')
/** Epochs kept before the one that is sent in. */
const KEPT_EPOCHS = 1

export interface PqChain {
  readonly chainKey: Uint8Array
  /** Number of the last key made. */
  readonly counter: number
}

export interface PqSkippedKey {
  readonly counter: number
  readonly key: Uint8Array
}

export interface EpochChains {
  readonly epoch: number
  readonly sending: PqChain
  readonly receiving: PqChain
  /** In order of their counters. */
  readonly skipped: readonly PqSkippedKey[]
}

export interface PqChains {
  readonly initiator: boolean
  readonly rootKey: Uint8Array
  /** Newest last, without gaps. */
  readonly epochs: readonly EpochChains[]
}

export function startChains(crypto: CryptoProvider, authKey: Uint8Array, initiator: boolean): PqChains {
  const { rootKey, chains } = derive(crypto, authKey, ZERO_SALT, START, initiator, 0)
  return { initiator, rootKey, epochs: [chains] }
}

/** `secret` is overwritten. */
export function addEpoch(crypto: CryptoProvider, old: PqChains, epoch: number, secret: Uint8Array): PqChains {
  const { rootKey, chains } = derive(crypto, secret, old.rootKey, ADD_EPOCH, old.initiator, epoch)
  zeroize(secret)
  return { initiator: old.initiator, rootKey, epochs: [...old.epochs, chains] }
}

function derive(
  crypto: CryptoProvider,
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  initiator: boolean,
  epoch: number,
): { rootKey: Uint8Array; chains: EpochChains } {
  const keys = crypto.hkdfSha256(ikm, salt, info, 96)
  const fromInitiator = { chainKey: keys.slice(32, 64), counter: 0 }
  const fromResponder = { chainKey: keys.slice(64), counter: 0 }
  const sending = initiator ? fromInitiator : fromResponder
  const receiving = initiator ? fromResponder : fromInitiator
  const rootKey = keys.slice(0, 32)
  zeroize(keys)
  return { rootKey, chains: { epoch, sending, receiving, skipped: [] } }
}

interface Step {
  readonly chain: PqChain
  readonly key: Uint8Array
}

function step(crypto: CryptoProvider, { chainKey, counter }: PqChain): Step {
  if (counter >= SIGNAL_MAX_COUNTER) throw new SignalError('ratchet/signal-chain-exhausted')
  const number = counter + 1
  const keys = crypto.hkdfSha256(chainKey, ZERO_SALT, concatBytes(be32(number), NEXT), 64)
  return { chain: { chainKey: keys.slice(0, 32), counter: number }, key: keys.slice(32) }
}

/** The next key to send under, in `epoch`; epochs more than one before it are forgotten. */
export function sendingKey(
  crypto: CryptoProvider,
  chains: PqChains,
  epoch: number,
): { chains: PqChains; index: number; key: Uint8Array } {
  const current = epochOf(chains, epoch)
  const { chain, key } = step(crypto, current.sending)
  const kept = chains.epochs.filter((each) => each.epoch >= epoch - KEPT_EPOCHS)
  return {
    chains: { ...chains, epochs: replace(kept, { ...current, sending: chain }) },
    index: chain.counter,
    key,
  }
}

/** The key of message `index` of the peer in `epoch`, at most `forward` past the next one; it is then forgotten. */
export function receivingKey(
  crypto: CryptoProvider,
  chains: PqChains,
  epoch: number,
  index: number,
  forward: number,
): { chains: PqChains; key: Uint8Array } {
  const current = epochOf(chains, epoch)
  const { key, chains: next } =
    index <= current.receiving.counter ? takeSkipped(current, index) : skipTo(crypto, current, index, forward)
  return { chains: { ...chains, epochs: replace(chains.epochs, next) }, key }
}

function takeSkipped(current: EpochChains, index: number): { chains: EpochChains; key: Uint8Array } {
  const found = current.skipped.find(({ counter }) => counter === index)
  if (found === undefined) throw new SignalError('ratchet/signal-duplicate', { details: { pqIndex: index } })
  return {
    chains: { ...current, skipped: current.skipped.filter((each) => each !== found) },
    key: found.key,
  }
}

function skipTo(
  crypto: CryptoProvider,
  current: EpochChains,
  index: number,
  forward: number,
): { chains: EpochChains; key: Uint8Array } {
  // Counters begin at 1: the expected message is no jump.
  const jump = index - current.receiving.counter - 1
  if (jump > forward) {
    throw new SignalError('ratchet/signal-too-far-ahead', { details: { jump, max: forward } })
  }
  const skipped: PqSkippedKey[] = []
  let { chain, key } = step(crypto, current.receiving)
  while (chain.counter < index) {
    if (index - chain.counter <= SIGNAL_MAX_SKIPPED) skipped.push({ counter: chain.counter, key })
    ;({ chain, key } = step(crypto, chain))
  }
  const all = skipped.length === 0 ? current.skipped : [...current.skipped, ...skipped]
  return { chains: { ...current, receiving: chain, skipped: all.slice(-SIGNAL_MAX_SKIPPED) }, key }
}

/** @throws SignalError `ratchet/signal-bad-post-quantum` for an epoch that is not yet, or no longer, here */
function epochOf(chains: PqChains, epoch: number): EpochChains {
  const found = chains.epochs.find((each) => each.epoch === epoch)
  if (found === undefined) {
    throw new SignalError('ratchet/signal-bad-post-quantum', { details: { part: 'epoch', epoch } })
  }
  return found
}

function replace(epochs: readonly EpochChains[], changed: EpochChains): EpochChains[] {
  return epochs.map((each) => (each.epoch === changed.epoch ? changed : each))
}
