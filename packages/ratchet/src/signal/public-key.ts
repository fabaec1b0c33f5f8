/**
 * Public keys as the Signal wire writes them: a type byte and the key.
 *
 *   X25519      05 ‖ 32
 *   Kyber-1024  08 ‖ 1568, and its ciphertexts the same
 */
import { concatBytes } from '@hyphae/core'
import { isCanonicalX25519, isSmallOrderX25519 } from '@hyphae/crypto'
import { SignalError, type SignalErrorCode } from './errors.js'

const EC_TYPE = 0x05
const KEM_TYPE = 0x08
export const EC_KEY_BYTES = 33
/** A Kyber-1024 public key or ciphertext with its type byte. */
export const KEM_BYTES = 1569

/** 33 bytes from 32. */
export function encodeEcKey(key: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(EC_TYPE), key)
}

/**
 * The 32 bytes of a key. Honest keys are canonical and never of small order; both are refused in every place.
 * @throws SignalError `ratchet/signal-bad-key`
 */
export function decodeEcKey(encoded: Uint8Array): Uint8Array {
  const key = typed(encoded, EC_TYPE, EC_KEY_BYTES, 'ratchet/signal-bad-key')
  if (!isCanonicalX25519(key) || isSmallOrderX25519(key)) throw new SignalError('ratchet/signal-bad-key')
  return key
}

/** 1,569 bytes from 1,568. */
export function encodeKem(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(KEM_TYPE), bytes)
}

/** The 1,568 bytes of a public key or ciphertext; throws `code`. */
export function decodeKem(encoded: Uint8Array, code: SignalErrorCode): Uint8Array {
  return typed(encoded, KEM_TYPE, KEM_BYTES, code)
}

function typed(encoded: Uint8Array, type: number, length: number, code: SignalErrorCode): Uint8Array {
  if (encoded.length !== length || encoded[0] !== type) {
    throw new SignalError(code, { details: { length: encoded.length, expected: length } })
  }
  return Uint8Array.prototype.slice.call(encoded, 1)
}
