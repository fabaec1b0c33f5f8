/** Answering a first message (PQXDH section 3.4): the session exists only if the message inside it is authentic. */
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { decryptWith } from './decrypt.js'
import { SignalError } from './errors.js'
import { handshakeKeys } from './kdf.js'
import { kyberDecapsulate } from './kyber.js'
import { SIGNAL_MAX_FORWARD } from './limits.js'
import { startPqRatchet } from './pq/ratchet.js'
import { decodePrekeyMessage, type PrekeyMessage } from './prekey-message.js'
import { requireIdentity, type SignalKyberPrekey, type SignalPrekey } from './prekeys.js'
import { type SessionCore, type SignalSession, sessionOf } from './session.js'
import { isInSubgroup } from './subgroup.js'

/** The private prekeys by id; undefined for one that never was, or is used up. Looked up, never changed. */
export interface SignalPrekeyLookup {
  signedPrekey(id: number): SignalPrekey | undefined
  kyberPrekey(id: number): Pick<SignalKyberPrekey, 'id' | 'seed'> | undefined
  prekey(id: number): SignalPrekey | undefined
}

export interface SignalAcceptOptions {
  readonly identity: X25519PrivateKey
  readonly prekeys: SignalPrekeyLookup
  /** A first message, as it came. */
  readonly message: Uint8Array
  /** The identity key the peer is known by, 32 bytes: `decodePrekeyMessage` tells which one the message claims. */
  readonly peer: Uint8Array
}

export interface SignalAccepted {
  readonly session: SignalSession
  readonly plaintext: Uint8Array
  /** What the message named: delete the one-time prekey, and with it the Kyber prekey if that is a one-time one. */
  readonly used: PrekeyMessage
}

/**
 * Without a one-time prekey a first message can be replayed: keep `session.baseKey` with the signed prekey's id for as
 * long as that prekey lives, and refuse it the second time.
 * @throws SignalError; nothing was consumed
 */
export function acceptSignalSession(
  crypto: CryptoProvider,
  { identity, prekeys, message, peer }: SignalAcceptOptions,
): SignalAccepted {
  const used = decodePrekeyMessage(message)
  requireIdentity(used.identityKey, peer)
  const core = respond(crypto, identity, prekeys, used)
  const { core: next, plaintext } = decryptWith(crypto, core, used.message, SIGNAL_MAX_FORWARD)
  return { session: sessionOf(next), plaintext, used }
}

function respond(
  crypto: CryptoProvider,
  identity: X25519PrivateKey,
  prekeys: SignalPrekeyLookup,
  used: PrekeyMessage,
): SessionCore {
  const { x25519 } = crypto
  const signed = known(prekeys.signedPrekey(used.signedPrekeyId), 'signed').key
  const kyber = known(prekeys.kyberPrekey(used.kyberPrekeyId), 'kyber')
  const oneTime = used.prekeyId === undefined ? null : known(prekeys.prekey(used.prekeyId), 'one-time').key
  // No MAC covers the base key, and it names the session: its twins would let one first message be accepted again.
  if (!isInSubgroup(used.baseKey)) throw new SignalError('ratchet/signal-bad-key')
  const secrets = [
    x25519.dh(signed, used.identityKey),
    x25519.dh(identity, used.baseKey),
    x25519.dh(signed, used.baseKey),
  ]
  if (oneTime !== null) secrets.push(x25519.dh(oneTime, used.baseKey))
  const kemSecret = kyberDecapsulate(kyber.seed(), used.kyberCiphertext)
  const keys = handshakeKeys(crypto, [...secrets, kemSecret])
  return {
    local: identity.publicKey,
    peer: used.identityKey,
    baseKey: used.baseKey,
    pending: null,
    rootKey: keys.rootKey,
    sending: { ratchetKey: signed, chainKey: keys.chainKey, counter: 0, previousCounter: 0 },
    receiving: [],
    pq: startPqRatchet(crypto, keys.authKey, false),
  }
}

function known<T>(prekey: T | undefined, kind: string): T {
  if (prekey === undefined) throw new SignalError('ratchet/signal-unknown-prekey', { details: { kind } })
  return prekey
}
