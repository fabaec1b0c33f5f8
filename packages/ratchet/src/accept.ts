/**
 * Answering a handshake (X3DH and PQXDH section 3.4, Double Ratchet section 4.3; spec/session.md, "Handshake").
 *
 * Nothing is consumed before the confirmation verifies, so garbage burns no prekey. Whose handshake it claims to
 * be comes from the caller, who has checked that peer's certificate; the keys only agree if it is true.
 */
import { constantTimeEqual, type SessionCrypto } from '@hyphae/crypto'
import { checkTime } from './arguments.js'
import { checkPeer, checkX25519, type DeviceKeys, type PeerKeys, peerKeysOf } from './device-keys.js'
import { RatchetError } from './errors.js'
import { headerChain } from './header-chain.js'
import { decodeHandshake, type KemPart } from './initial-message.js'
import { rootStep } from './kdf.js'
import { consumeOneTime, findPrekeys, type NamedPrekeys, type PrekeyState } from './prekey-state.js'
import { factsOf, pqSide, type SessionState, sessionOf } from './session.js'
import { agreeSecrets, transcriptHash } from './x3dh.js'

export interface AcceptOptions {
  readonly keys: DeviceKeys
  readonly prekeys: PrekeyState
  readonly handshake: Uint8Array
  /** From the initiator's verified certificate. */
  readonly peer: PeerKeys
  /** Milliseconds. */
  readonly now: number
}

export interface AcceptedSession {
  readonly session: SessionState
  /** The prekeys without the one that was used. */
  readonly prekeys: PrekeyState
  /** The base key, 32 bytes. Without a one-time prekey, refuse a second handshake with the same one for good. */
  readonly initialKey: Uint8Array
  readonly usedOneTime: boolean
  /** The initiator's application data. */
  readonly context: Uint8Array
}

/**
 * A session that can receive and send at once. On any error the prekeys are as they were.
 * @throws RatchetError `ratchet/bad-handshake`, `ratchet/unsupported-version`, `ratchet/unknown-prekey`,
 * `ratchet/prekey-used`, `ratchet/prekey-expired`, `ratchet/bad-key`, `ratchet/own-identity`,
 * `ratchet/handshake-rejected`, `ratchet/bad-argument`
 */
export function acceptSession(crypto: SessionCrypto, options: AcceptOptions): AcceptedSession {
  const { keys, prekeys } = options
  const createdAt = checkTime(options.now)
  const received = decodeHandshake(options.handshake)
  const { message } = received
  const own = peerKeysOf(keys)
  const peer = copyPeer(options.peer)
  checkPeer(own, peer)
  checkX25519(message.baseKey, 'base key')
  checkX25519(message.ratchetKey, 'ratchet key')
  const named = findPrekeys(prekeys, message.signedPrekeyId, message.oneTimePrekeyId)
  const { bundleHash } = named
  const kemSecret = decapsulate(message.kem, named.kem)
  const transcript = transcriptHash(crypto, {
    initiator: peer,
    responder: own,
    bundleHash,
    kemKey: named.kem?.key.publicKey ?? null,
    unconfirmed: received.unconfirmed,
  })
  const outputs = agree(crypto, keys, peer, named, message.baseKey)
  const secrets = agreeSecrets(crypto, { outputs, kemSecret }, transcript)
  if (!constantTimeEqual(secrets.confirmation, received.confirmation)) {
    throw new RatchetError('ratchet/handshake-rejected')
  }
  const { mailboxSecret, headerKey } = secrets
  const step = rootStep(crypto, secrets.rootKey, crypto.x25519.dh(named.signed, message.ratchetKey))
  const session = sessionOf({
    facts: factsOf('responder', { createdAt, peer, transcript, mailboxSecret }),
    rootKey: step.rootKey,
    sending: { kind: 'due', remoteKey: message.ratchetKey, headerKey: step.nextHeaderKey, pn: 0 },
    receiving: { chainKey: step.chainKey, header: headerChain(headerKey), n: 0 },
    skipped: [],
    pq: pqSide(prekeys.pq, 'responder', secrets.postQuantum),
    turnedAt: 0,
  })
  return {
    session,
    prekeys: consumeOneTime(prekeys, message.oneTimePrekeyId),
    initialKey: message.baseKey,
    usedOneTime: named.oneTime !== null,
    context: message.context,
  }
}

/**
 * The KEM secret; null in suite 1. The bundle decides the suite: neither side can take the KEM part out, or put
 * another in. @throws RatchetError `ratchet/bad-handshake`
 */
function decapsulate(sent: KemPart | null, named: NamedPrekeys['kem']): Uint8Array | null {
  if (sent === null && named === null) return null
  const length = sent?.ciphertext.length ?? 0
  if (sent === null || sent.id !== named?.id || length !== named.kem.ciphertextBytes) {
    throw new RatchetError('ratchet/bad-handshake', { details: { kem: length } })
  }
  return named.kem.decapsulate(named.key, sent.ciphertext)
}

/** The DH outputs of the key agreement, in its order. */
function agree(
  { x25519 }: SessionCrypto,
  keys: DeviceKeys,
  peer: PeerKeys,
  named: NamedPrekeys,
  baseKey: Uint8Array,
): Uint8Array[] {
  const outputs = [
    x25519.dh(named.signed, peer.agreement),
    x25519.dh(keys.agreement, baseKey),
    x25519.dh(named.signed, baseKey),
  ]
  if (named.oneTime !== null) outputs.push(x25519.dh(named.oneTime, baseKey))
  return outputs
}

function copyPeer(peer: PeerKeys): PeerKeys {
  return { signing: Uint8Array.from(peer.signing), agreement: Uint8Array.from(peer.agreement) }
}
