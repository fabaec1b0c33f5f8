/**
 * Beginning a session with a device that may be away (X3DH section 3.3, Double Ratchet section 4.3;
 * spec/session.md, "Handshake").
 *
 * The first root step is made here with the signed prekey as the responder's ratchet key. Whether the bundle is
 * the right one, and where the handshake travels, is the caller's business.
 */
import { concatBytes } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { checkTime } from './arguments.js'
import { checkPeer, type DeviceKeys, type PeerKeys, peerKeysOf } from './device-keys.js'
import { RatchetError } from './errors.js'
import { encodeInitialMessage, type KemPart } from './initial-message.js'
import { rootStep } from './kdf.js'
import type { PostQuantum } from './post-quantum.js'
import type { PrekeyBundle } from './prekey-bundle.js'
import { readySide } from './ready-side.js'
import { factsOf, pqSide, type SessionState, sessionOf } from './session.js'
import { agreeSecrets, transcriptHash } from './x3dh.js'

const NO_CONTEXT: Uint8Array = new Uint8Array(0)

export interface InitiateOptions {
  readonly keys: DeviceKeys
  readonly bundle: PrekeyBundle
  /** Milliseconds. */
  readonly now: number
  /** Application data that the handshake carries in clear and authenticates; at most MAX_CONTEXT_BYTES. */
  readonly context?: Uint8Array
  /** Needed for a suite 2 bundle. With it a classic bundle is refused, unless `allowClassic`. */
  readonly pq?: PostQuantum
  readonly allowClassic?: boolean
}

export interface InitiatedSession {
  readonly session: SessionState
  /** 112 bytes and the context; 1,204 and the context with ML-KEM-768. */
  readonly handshake: Uint8Array
  /** False: until the peer answers, forward secrecy rests on its signed prekey alone. */
  readonly usedOneTime: boolean
}

/**
 * A session that can send at once.
 * @throws RatchetError `ratchet/own-identity`, `ratchet/bad-key`, `ratchet/too-long`, `ratchet/bad-argument`,
 * `ratchet/downgrade`, `ratchet/unsupported-version`
 */
export function initiateSession(crypto: SessionCrypto, options: InitiateOptions): InitiatedSession {
  const { keys, bundle } = options
  const createdAt = checkTime(options.now)
  const own = peerKeysOf(keys)
  const peer: PeerKeys = { signing: bundle.identity.signing, agreement: bundle.identity.agreement }
  checkPeer(own, peer)
  const kem = encapsulate(crypto, options)
  const { x25519 } = crypto
  const base = x25519.generate()
  const ratchetKey = x25519.generate()
  const unconfirmed = encodeInitialMessage({
    signedPrekeyId: bundle.signedPrekey.id,
    oneTimePrekeyId: bundle.oneTimePrekey?.id ?? 0,
    baseKey: base.publicKey,
    ratchetKey: ratchetKey.publicKey,
    kem: kem?.part ?? null,
    context: options.context ?? NO_CONTEXT,
  })
  const transcript = transcriptHash(crypto, {
    initiator: own,
    responder: peer,
    bundleHash: bundle.hash,
    kemKey: bundle.kemPrekey?.publicKey ?? null,
    unconfirmed,
  })
  const outputs = [
    x25519.dh(keys.agreement, bundle.signedPrekey.publicKey),
    x25519.dh(base, peer.agreement),
    x25519.dh(base, bundle.signedPrekey.publicKey),
  ]
  if (bundle.oneTimePrekey !== null) outputs.push(x25519.dh(base, bundle.oneTimePrekey.publicKey))
  const secrets = agreeSecrets(crypto, { outputs, kemSecret: kem?.secret ?? null }, transcript)
  const { mailboxSecret, confirmation, headerKey } = secrets
  const step = rootStep(crypto, secrets.rootKey, x25519.dh(ratchetKey, bundle.signedPrekey.publicKey))
  const session = sessionOf({
    facts: factsOf('initiator', { createdAt, peer, transcript, mailboxSecret }),
    rootKey: step.rootKey,
    sending: readySide(crypto, ratchetKey, step, headerKey, 0),
    receiving: null,
    skipped: [],
    pq: pqSide(options.pq ?? null, 'initiator', secrets.postQuantum),
    turnedAt: 0,
  })
  const usedOneTime = bundle.oneTimePrekey !== null
  return { session, handshake: concatBytes(unconfirmed, confirmation), usedOneTime }
}

/**
 * The KEM part of the handshake; null in suite 1.
 * @throws RatchetError `ratchet/downgrade`, `ratchet/unsupported-version`, `ratchet/bad-key`
 */
function encapsulate(
  crypto: SessionCrypto,
  options: InitiateOptions,
): { readonly part: KemPart; readonly secret: Uint8Array } | null {
  const { kemPrekey } = options.bundle
  const { pq } = options
  if (kemPrekey === null) {
    if (pq !== undefined && options.allowClassic !== true) throw new RatchetError('ratchet/downgrade')
    return null
  }
  if (pq === undefined) throw new RatchetError('ratchet/unsupported-version', { details: { suite: 2 } })
  const kem = pq.kem(kemPrekey.kem)
  if (!kem.isAcceptablePublicKey(kemPrekey.publicKey)) {
    throw new RatchetError('ratchet/bad-key', { details: { slot: 'KEM prekey' } })
  }
  const { ciphertext, secret } = kem.encapsulate(crypto, kemPrekey.publicKey)
  return { part: { id: kemPrekey.id, ciphertext }, secret }
}
