/** Length checks at the public door: a wrong length is the caller's mistake and is told, not padded. */
import { CryptoError } from './errors.js'

/** @throws CryptoError `crypto/bad-length` */
export function requireLength(bytes: Uint8Array, expected: number, input: string): void {
  if (bytes.length !== expected) {
    throw new CryptoError('crypto/bad-length', { details: { input, length: bytes.length, expected } })
  }
}

/** A requested output length. @throws CryptoError `crypto/bad-length` unless an integer in 0..max */
export function requireAtMost(length: number, max: number, input: string): void {
  if (!Number.isInteger(length) || length < 0 || length > max) {
    throw new CryptoError('crypto/bad-length', { details: { input, length, max } })
  }
}
