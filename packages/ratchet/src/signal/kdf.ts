/**
 * Key derivations of the handshake and of the classical ratchet (PQXDH section 3.3, Double Ratchet section 5.2).
 *
 *   IKM     = FF×32 ‖ DH(IKa,SPKb) ‖ DH(EKa,IKb) ‖ DH(EKa,SPKb) ‖ [DH(EKa,OPKb)] ‖ KEM secret
 *   RK ‖ CK ‖ PQ auth key = HKDF(IKM, no salt, "WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024", 96)
 *   RK' ‖ CK              = HKDF(DH, salt RK, "WhisperRatchet", 64)
 *   seed = HMAC(CK, 01),  CK' = HMAC(CK, 02)
 *   cipher key 32 ‖ MAC key 32 ‖ IV 16 = HKDF(seed, salt PQ key, "WhisperMessageKeys", 80)
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import { label, ZERO_SALT } from './bytes.js'

const HANDSHAKE = label('WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024')
const ROOT = label('WhisperRatchet')
const MESSAGE = label('WhisperMessageKeys')
const PREFIX: Uint8Array = new Uint8Array(32).fill(0xff)
const SEED = Uint8Array.of(1)
const NEXT = Uint8Array.of(2)

export interface HandshakeKeys {
  readonly rootKey: Uint8Array
  /** Of the responder's first chain, whose ratchet key is the signed prekey. */
  readonly chainKey: Uint8Array
  /** Begins the post-quantum ratchet. */
  readonly authKey: Uint8Array
}

/** `secrets` in the order above; they are overwritten. */
export function handshakeKeys(crypto: CryptoProvider, secrets: readonly Uint8Array[]): HandshakeKeys {
  const ikm = concatBytes(PREFIX, ...secrets)
  const keys = crypto.hkdfSha256(ikm, ZERO_SALT, HANDSHAKE, 96)
  const cut = { rootKey: keys.slice(0, 32), chainKey: keys.slice(32, 64), authKey: keys.slice(64) }
  zeroize(ikm, keys, ...secrets)
  return cut
}

export interface RootStep {
  readonly rootKey: Uint8Array
  readonly chainKey: Uint8Array
}

/** `dh` is overwritten. */
export function rootStep(crypto: CryptoProvider, rootKey: Uint8Array, dh: Uint8Array): RootStep {
  const keys = crypto.hkdfSha256(dh, rootKey, ROOT, 64)
  const step = { rootKey: keys.slice(0, 32), chainKey: keys.slice(32) }
  zeroize(dh, keys)
  return step
}

export interface ChainStep {
  readonly chainKey: Uint8Array
  /** Becomes message keys once the post-quantum key joins it. */
  readonly seed: Uint8Array
}

export function chainStep(crypto: CryptoProvider, chainKey: Uint8Array): ChainStep {
  return { seed: crypto.hmacSha256(chainKey, SEED), chainKey: crypto.hmacSha256(chainKey, NEXT) }
}

export interface MessageKeys {
  readonly cipherKey: Uint8Array
  readonly macKey: Uint8Array
  readonly iv: Uint8Array
}

export function messageKeys(crypto: CryptoProvider, seed: Uint8Array, pqKey: Uint8Array): MessageKeys {
  const keys = crypto.hkdfSha256(seed, pqKey, MESSAGE, 80)
  return { cipherKey: keys.slice(0, 32), macKey: keys.slice(32, 64), iv: keys.slice(64) }
}
