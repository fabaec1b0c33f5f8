/** Bounds of scrypt, RFC 7914 section 2: parameters may come from a stored header that someone else wrote. */
import { CryptoError } from './errors.js'
import { requireAtMost } from './lengths.js'
import { MAX_SCRYPT_LENGTH, MAX_SCRYPT_MEMORY, MAX_SCRYPT_P } from './limits.js'
import type { ScryptParameters } from './provider.js'

/** Bytes of memory that one call needs. */
export function scryptMemory({ N, r, p }: ScryptParameters): number {
  return 128 * r * (N + p + 2)
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n > 1 && n <= 2 ** 30 && (n & (n - 1)) === 0
}

/** Refuses before anything is allocated. @throws CryptoError `crypto/bad-parameters`, `crypto/bad-length` */
export function requireScryptParameters(parameters: ScryptParameters, length: number): void {
  const { N, r, p } = parameters
  const inRange = Number.isInteger(r) && r >= 1 && Number.isInteger(p) && p >= 1 && p <= MAX_SCRYPT_P
  if (!isPowerOfTwo(N) || !inRange || 128 * N * r > MAX_SCRYPT_MEMORY) {
    throw new CryptoError('crypto/bad-parameters', { details: { N, r, p, maxMemory: MAX_SCRYPT_MEMORY } })
  }
  requireAtMost(length, MAX_SCRYPT_LENGTH, 'scrypt output')
}
