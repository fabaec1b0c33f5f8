/**
 * The two identity keys of a device: Ed25519 signs, X25519 agrees (spec/session.md, "Identity keys").
 *
 *   agreement signature = Ed25519-Sign(signing, label ‖ agreement)
 *
 * Separate keys, so that no key serves two algorithms. Knows no account and no certificate.
 */
import { concatBytes, equalBytes } from '@hyphae/core'
import {
  type Ed25519PrivateKey,
  isCanonicalX25519,
  isSmallOrderX25519,
  KEY_LENGTH,
  type SessionCrypto,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import { RatchetError } from './errors.js'
import { AGREEMENT_LABEL } from './labels.js'

export interface DeviceKeys {
  readonly signing: Ed25519PrivateKey
  readonly agreement: X25519PrivateKey
}

/** The public identity of a device as a session knows it. */
export interface PeerKeys {
  /** Ed25519, 32 bytes. */
  readonly signing: Uint8Array
  /** X25519, 32 bytes. */
  readonly agreement: Uint8Array
}

export interface DevicePublicKeys extends PeerKeys {
  /** By `signing` over the agreement key, 64 bytes. */
  readonly agreementSignature: Uint8Array
}

export function devicePublicKeys(crypto: SessionCrypto, keys: DeviceKeys): DevicePublicKeys {
  const agreement = keys.agreement.publicKey
  return {
    signing: keys.signing.publicKey,
    agreement,
    agreementSignature: crypto.ed25519.sign(keys.signing, concatBytes(AGREEMENT_LABEL, agreement)),
  }
}

/** True when `signing` vouches for `agreement`. */
export function verifyAgreementKey(crypto: SessionCrypto, keys: DevicePublicKeys): boolean {
  return crypto.ed25519.verify(
    keys.signing,
    concatBytes(AGREEMENT_LABEL, keys.agreement),
    keys.agreementSignature,
  )
}

/** The public half without the signature. */
export function peerKeysOf(keys: DeviceKeys): PeerKeys {
  return { signing: keys.signing.publicKey, agreement: keys.agreement.publicKey }
}

/** True for 32 canonical bytes that are not a small-order point. */
export function isUsableX25519(publicKey: Uint8Array): boolean {
  return isCanonicalX25519(publicKey) && !isSmallOrderX25519(publicKey)
}

/** @throws RatchetError `ratchet/bad-key` unless canonical and not of small order; `slot` names its place */
export function checkX25519(publicKey: Uint8Array, slot: string): void {
  if (!isUsableX25519(publicKey)) throw new RatchetError('ratchet/bad-key', { details: { slot } })
}

/** @throws RatchetError `ratchet/bad-key`, `ratchet/own-identity` */
export function checkPeer(own: PeerKeys, peer: PeerKeys): void {
  if (peer.signing.length !== KEY_LENGTH) {
    throw new RatchetError('ratchet/bad-key', { details: { slot: 'signing' } })
  }
  checkX25519(peer.agreement, 'agreement')
  if (equalBytes(own.signing, peer.signing) || equalBytes(own.agreement, peer.agreement)) {
    throw new RatchetError('ratchet/own-identity')
  }
}
