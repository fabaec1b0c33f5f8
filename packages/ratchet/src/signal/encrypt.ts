/** Sending (Double Ratchet sections 3.4 and 5): one step of the sending chain and one of the post-quantum ratchet. */
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import { SignalError } from './errors.js'
import { chainStep, messageKeys } from './kdf.js'
import { SIGNAL_MAX_COUNTER, SIGNAL_MAX_PLAINTEXT_BYTES } from './limits.js'
import { sealMessage } from './message.js'
import { pqSend } from './pq/ratchet.js'
import { encodePrekeyMessage } from './prekey-message.js'
import { coreOf, type SessionCore, type SignalSession, sessionOf } from './session.js'

export interface SignalEncrypted {
  readonly session: SignalSession
  /** Carriers of this wire say which one it is: the bytes alone do not. */
  readonly kind: 'prekey' | 'message'
  readonly message: Uint8Array
}

/**
 * Seals one message. Store the new state and the message together before it leaves: sending from the old state again
 * would use a message key twice.
 * @throws SignalError `ratchet/signal-bad-argument`, `ratchet/signal-chain-exhausted`
 */
export function encryptSignal(
  crypto: CryptoProvider,
  session: SignalSession,
  plaintext: Uint8Array,
): SignalEncrypted {
  const max = SIGNAL_MAX_PLAINTEXT_BYTES
  if (plaintext.length > max) {
    throw new SignalError('ratchet/signal-bad-argument', { details: { length: plaintext.length, max } })
  }
  const core = coreOf(session)
  const { sending, local, peer } = core
  if (sending.counter >= SIGNAL_MAX_COUNTER) throw new SignalError('ratchet/signal-chain-exhausted')
  const { seed, chainKey } = chainStep(crypto, sending.chainKey)
  const { ratchet: pq, message: pqMessage, key } = pqSend(crypto, core.pq)
  const { counter, previousCounter } = sending
  const header = { ratchetKey: sending.ratchetKey.publicKey, counter, previousCounter, pqMessage }
  const keys = messageKeys(crypto, seed, key)
  const inner = sealMessage(crypto, keys, { sender: local, receiver: peer }, header, plaintext)
  zeroize(seed, key)
  const next = { ...core, pq, sending: { ...sending, chainKey, counter: counter + 1 } }
  return { session: sessionOf(next), ...wrap(core, inner) }
}

function wrap(core: SessionCore, message: Uint8Array): Pick<SignalEncrypted, 'kind' | 'message'> {
  if (core.pending === null) return { kind: 'message', message }
  const { local: identityKey, baseKey, pending } = core
  return { kind: 'prekey', message: encodePrekeyMessage({ ...pending, identityKey, baseKey, message }) }
}
