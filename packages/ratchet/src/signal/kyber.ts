/**
 * Kyber-1024 as submitted to round 3, which the Signal handshake uses, over the audited ML-KEM-1024.
 *
 *   m  = SHA3-256(32 random bytes)
 *   (ct, K) = ML-KEM-1024.Encaps(pk, m)
 *   ss = SHAKE256(K ‖ SHA3-256(ct), 32)
 *
 * Keys and ciphertexts are the same in both. Decapsulation of a ciphertext that was tampered with gives an
 * unrelated secret (implicit rejection), so the handshake's MAC fails.
 */
import { concatBytes } from '@hyphae/core'
import { type CryptoProvider, zeroize } from '@hyphae/crypto'
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { SignalError } from './errors.js'

/** d ‖ z of FIPS 203: a key pair in 64 bytes. */
export const KYBER_SEED_BYTES = 64
export const KYBER_PUBLIC_BYTES = 1568

export interface KyberEncapsulation {
  /** 1,568 bytes. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** 1,568 bytes. */
export function kyberPublicKey(seed: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = ml_kem1024.keygen(seed)
  zeroize(secretKey)
  return publicKey
}

/** @throws SignalError `ratchet/signal-bad-key` for a key with a coefficient ≥ q (FIPS 203, section 7.2) */
export function kyberEncapsulate(crypto: CryptoProvider, publicKey: Uint8Array): KyberEncapsulation {
  const m = sha3_256(crypto.randomBytes(32))
  try {
    const { cipherText, sharedSecret } = ml_kem1024.encapsulate(publicKey, m)
    return { ciphertext: cipherText, secret: roundThree(sharedSecret, cipherText) }
  } catch (cause) {
    throw new SignalError('ratchet/signal-bad-key', { cause })
  } finally {
    zeroize(m)
  }
}

/** `ciphertext` is 1,568 bytes. */
export function kyberDecapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const { secretKey } = ml_kem1024.keygen(seed)
  const secret = roundThree(ml_kem1024.decapsulate(ciphertext, secretKey), ciphertext)
  zeroize(secretKey)
  return secret
}

function roundThree(key: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const input = concatBytes(key, sha3_256(ciphertext))
  const secret = shake256(input, { dkLen: 32 })
  zeroize(input, key)
  return secret
}
