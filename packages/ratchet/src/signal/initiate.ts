/** Beginning a session from a bundle (PQXDH section 3.3). */
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import { handshakeKeys, rootStep } from './kdf.js'
import { kyberEncapsulate } from './kyber.js'
import { startPqRatchet } from './pq/ratchet.js'
import type { VerifiedSignalBundle } from './prekeys.js'
import { type SignalSession, sessionOf } from './session.js'

export interface SignalInitiateOptions {
  readonly identity: X25519PrivateKey
  /** This device's; the responder may show it. */
  readonly registrationId: number
  readonly bundle: VerifiedSignalBundle
}

/**
 * A session that can send at once.
 *
 * The handshake's chain key is the responder's, on its signed prekey; the initiator does a root step of its own with
 * a new ratchet key before its first message.
 * @throws SignalError `ratchet/signal-bad-key`
 */
export function initiateSignalSession(
  crypto: CryptoProvider,
  { identity, registrationId, bundle }: SignalInitiateOptions,
): SignalSession {
  const { signedPrekey, kyberPrekey, prekey, identityKey } = bundle
  const { x25519 } = crypto
  const base = x25519.generate()
  const kem = kyberEncapsulate(crypto, kyberPrekey.key)
  const secrets = [
    x25519.dh(identity, signedPrekey.key),
    x25519.dh(base, identityKey),
    x25519.dh(base, signedPrekey.key),
  ]
  if (prekey !== undefined) secrets.push(x25519.dh(base, prekey.key))
  const keys = handshakeKeys(crypto, [...secrets, kem.secret])
  const ratchetKey = x25519.generate()
  const { rootKey, chainKey } = rootStep(crypto, keys.rootKey, x25519.dh(ratchetKey, signedPrekey.key))
  return sessionOf({
    local: identity.publicKey,
    peer: identityKey,
    baseKey: base.publicKey,
    pending: {
      registrationId,
      prekeyId: prekey?.id,
      signedPrekeyId: signedPrekey.id,
      kyberPrekeyId: kyberPrekey.id,
      kyberCiphertext: kem.ciphertext,
    },
    rootKey,
    sending: { ratchetKey, chainKey, counter: 0, previousCounter: 0 },
    receiving: [{ ratchetKey: signedPrekey.key, chainKey: keys.chainKey, counter: 0, skipped: [] }],
    pq: startPqRatchet(crypto, keys.authKey, true),
  })
}
