/**
 * Receiving (Double Ratchet sections 3.5 and 5). Everything is computed beside the old state, and the message's MAC
 * decides whether the new one is given back; the peer's next ratchet key is answered only after that.
 */
import { equalBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { SignalError } from './errors.js'
import { messageKeys, rootStep } from './kdf.js'
import { SIGNAL_MAX_FORWARD, SIGNAL_MAX_RECEIVING_CHAINS } from './limits.js'
import { decodeMessage, openMessage, type SignalMessage } from './message.js'
import { pqReceive } from './pq/ratchet.js'
import { decodePrekeyMessage } from './prekey-message.js'
import { requireIdentity } from './prekeys.js'
import { takeSeed } from './receiving-chain.js'
import { coreOf, type ReceivingChain, type SessionCore, type SignalSession, sessionOf } from './session.js'

export interface SignalDecrypted {
  readonly session: SignalSession
  readonly plaintext: Uint8Array
}

export interface SignalDecryptOptions {
  /**
   * How many messages past the expected one of either chain are tried: 0 to SIGNAL_MAX_FORWARD, the default. Nothing
   * proves a counter before the keys up to it are derived, so this is the work that a forged message can ask for.
   */
  readonly forward?: number
}

/** Opens a message of kind `message`. @throws SignalError; the session is unchanged */
export function decryptSignal(
  crypto: CryptoProvider,
  session: SignalSession,
  message: Uint8Array,
  options: SignalDecryptOptions = {},
): SignalDecrypted {
  const { core, plaintext } = decryptWith(crypto, coreOf(session), message, forwardOf(options))
  return { session: sessionOf(core), plaintext }
}

/**
 * Opens a message of kind `prekey` that belongs to a session which exists already: an initiator repeats its handshake
 * until it is answered. @throws SignalError `ratchet/signal-other-session` when it begins another one
 */
export function decryptSignalPrekey(
  crypto: CryptoProvider,
  session: SignalSession,
  message: Uint8Array,
  options: SignalDecryptOptions = {},
): SignalDecrypted {
  const outer = decodePrekeyMessage(message)
  if (!equalBytes(outer.baseKey, session.baseKey)) throw new SignalError('ratchet/signal-other-session')
  requireIdentity(outer.identityKey, session.peer)
  return decryptSignal(crypto, session, outer.message, options)
}

function forwardOf({ forward = SIGNAL_MAX_FORWARD }: SignalDecryptOptions): number {
  if (Number.isInteger(forward) && forward >= 0 && forward <= SIGNAL_MAX_FORWARD) return forward
  throw new SignalError('ratchet/signal-bad-argument', {
    details: { name: 'forward', max: SIGNAL_MAX_FORWARD },
  })
}

export interface DecryptedCore {
  readonly core: SessionCore
  readonly plaintext: Uint8Array
}

export function decryptWith(
  crypto: CryptoProvider,
  old: SessionCore,
  wire: Uint8Array,
  forward: number,
): DecryptedCore {
  const message = decodeMessage(wire)
  const found = old.receiving.find(({ ratchetKey }) => equalBytes(ratchetKey, message.ratchetKey))
  return found === undefined
    ? decryptInNewChain(crypto, old, message, forward)
    : decryptIn(crypto, old, found, message, forward)
}

function decryptIn(
  crypto: CryptoProvider,
  old: SessionCore,
  chain: ReceivingChain,
  message: SignalMessage,
  forward: number,
): DecryptedCore {
  const { chain: changed, seed } = takeSeed(crypto, chain, message.counter, forward)
  const { ratchet: pq, key } = pqReceive(crypto, old.pq, message.pqMessage, forward)
  const parties = { sender: old.peer, receiver: old.local }
  const plaintext = openMessage(crypto, messageKeys(crypto, seed, key), parties, message)
  const receiving = old.receiving.map((each) => (each === chain ? changed : each))
  return { core: { ...old, pending: null, pq, receiving }, plaintext }
}

/** A DH ratchet step (section 3.5): its receiving half before the message is checked, the sending half after. */
function decryptInNewChain(
  crypto: CryptoProvider,
  old: SessionCore,
  message: SignalMessage,
  forward: number,
): DecryptedCore {
  const { x25519 } = crypto
  const { sending, receiving } = old
  const dh = x25519.dh(sending.ratchetKey, message.ratchetKey)
  const { rootKey, chainKey } = rootStep(crypto, old.rootKey, dh)
  const chain: ReceivingChain = { ratchetKey: message.ratchetKey, chainKey, counter: 0, skipped: [] }
  const kept = [...receiving.slice(1 - SIGNAL_MAX_RECEIVING_CHAINS), chain]
  const { core, plaintext } = decryptIn(crypto, { ...old, receiving: kept }, chain, message, forward)
  const ratchetKey = x25519.generate()
  const answer = rootStep(crypto, rootKey, x25519.dh(ratchetKey, message.ratchetKey))
  const next = {
    ratchetKey,
    chainKey: answer.chainKey,
    counter: 0,
    // As the peer's implementations write it; none of them reads it.
    previousCounter: Math.max(0, sending.counter - 1),
  }
  return { core: { ...core, rootKey: answer.rootKey, sending: next }, plaintext }
}
