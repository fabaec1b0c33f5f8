/**
 * Proof that a KEM key or ciphertext comes from the peer of the session, epoch by epoch (ML-KEM Braid section 2.3).
 *
 *   root ‖ MAC key = HKDF(root ‖ k, no salt, "Signal_PQCKA_V1_MLKEM768:Authenticator Update" ‖ epoch, 64)
 *   epoch secret   = HKDF(KEM secret, no salt, "Signal_PQCKA_V1_MLKEM768:SCKA Key" ‖ epoch, 32)
 *   header MAC     = HMAC(MAC key, "Signal_PQCKA_V1_MLKEM768:ekheader" ‖ epoch ‖ header)
 *   ciphertext MAC = HMAC(MAC key, "Signal_PQCKA_V1_MLKEM768:ciphertext" ‖ epoch ‖ ct1 ‖ ct2)
 *
 * Epochs are u64, big-endian. The root starts as 32 zero bytes and takes in the handshake's key at epoch 1.
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, constantTimeEqual, zeroize } from '@hyphae/crypto'
import { be64, label, ZERO_SALT } from '../bytes.js'
import { SignalError } from '../errors.js'

const UPDATE = label('Signal_PQCKA_V1_MLKEM768:Authenticator Update')
const SECRET = label('Signal_PQCKA_V1_MLKEM768:SCKA Key')
export type MacKind = 'header' | 'ciphertext'
const LABELS: Readonly<Record<MacKind, Uint8Array>> = {
  header: label('Signal_PQCKA_V1_MLKEM768:ekheader'),
  ciphertext: label('Signal_PQCKA_V1_MLKEM768:ciphertext'),
}
export const MAC_BYTES = 32

export interface Authenticator {
  readonly root: Uint8Array
  readonly macKey: Uint8Array
}

export function startAuthenticator(crypto: CryptoProvider, authKey: Uint8Array): Authenticator {
  return updateAuthenticator(crypto, { root: new Uint8Array(32), macKey: new Uint8Array(32) }, 1, authKey)
}

export function updateAuthenticator(
  crypto: CryptoProvider,
  authenticator: Authenticator,
  epoch: number,
  key: Uint8Array,
): Authenticator {
  const ikm = concatBytes(authenticator.root, key)
  const keys = crypto.hkdfSha256(ikm, ZERO_SALT, concatBytes(UPDATE, be64(epoch)), 64)
  zeroize(ikm)
  return { root: keys.slice(0, 32), macKey: keys.slice(32) }
}

/** `kemSecret` is overwritten. */
export function epochSecret(crypto: CryptoProvider, epoch: number, kemSecret: Uint8Array): Uint8Array {
  const secret = crypto.hkdfSha256(kemSecret, ZERO_SALT, concatBytes(SECRET, be64(epoch)), 32)
  zeroize(kemSecret)
  return secret
}

/** 32 bytes. */
export function authenticate(
  crypto: CryptoProvider,
  { macKey }: Authenticator,
  kind: MacKind,
  epoch: number,
  data: Uint8Array,
): Uint8Array {
  return crypto.hmacSha256(macKey, concatBytes(LABELS[kind], be64(epoch), data))
}

/** @throws SignalError `ratchet/signal-bad-post-quantum` */
export function requireAuthentic(
  crypto: CryptoProvider,
  authenticator: Authenticator,
  kind: MacKind,
  epoch: number,
  data: Uint8Array,
  mac: Uint8Array,
): void {
  if (!constantTimeEqual(authenticate(crypto, authenticator, kind, epoch, data), mac)) {
    throw new SignalError('ratchet/signal-bad-post-quantum', { details: { part: kind } })
  }
}
