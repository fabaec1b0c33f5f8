/**
 * Randomness that fails closed: a generator that throws, answers with the wrong length or repeats itself
 * makes the call throw, and nothing is generated. Knows nothing of keys or platforms.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { constantTimeEqual } from './compare.js'
import { CryptoError } from './errors.js'
import { requireAtMost } from './lengths.js'
import { MAX_POOLED_BYTES, MAX_RANDOM_BYTES, RANDOM_POOL_BYTES, REPETITION_CHECK_BYTES } from './limits.js'

/** Returns `length` new random bytes. */
export type Rng = (length: number) => Uint8Array

/**
 * Compares how outputs begin, so that a stuck generator shows whatever lengths it is asked for. Remembers a digest,
 * not the bytes: the last output may be somebody's private key.
 */
function repetitionCheck(): (bytes: Uint8Array) => void {
  let last: Uint8Array | undefined
  return (bytes) => {
    if (bytes.length < REPETITION_CHECK_BYTES) return
    const digest = sha256(bytes.subarray(0, REPETITION_CHECK_BYTES))
    if (last !== undefined && constantTimeEqual(last, digest)) {
      throw new CryptoError('crypto/rng-failed', { details: { reason: 'repeated' } })
    }
    last = digest
  }
}

/** Guards a generator given by the caller: every request goes to it, with exactly its length. */
export function guardedRng(rng: Rng): Rng {
  const refuseRepetition = repetitionCheck()
  return (length) => {
    requireAtMost(length, MAX_RANDOM_BYTES, 'random length')
    let bytes: unknown
    try {
      bytes = rng(length)
    } catch (cause) {
      throw new CryptoError('crypto/rng-failed', { cause, details: { reason: 'threw' } })
    }
    if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
      throw new CryptoError('crypto/rng-failed', { details: { reason: 'wrong length', expected: length } })
    }
    refuseRepetition(bytes)
    // A copy: the generator may keep and reuse its own array.
    return Uint8Array.from(bytes)
  }
}

/**
 * Serves small requests from a pool, because a system call costs forty times the copy. Bytes are copied out
 * and wiped in the pool before they are returned, so no byte is served twice or stays behind.
 */
export function pooledRng(fill: (target: Uint8Array<ArrayBuffer>) => void): Rng {
  const refuseRepetition = repetitionCheck()
  // Made at first use: some runtimes forbid randomness, and all regret memory, while modules load.
  let pool = new Uint8Array(0)
  let offset = 0
  const fillChecked = (target: Uint8Array<ArrayBuffer>): void => {
    try {
      for (let at = 0; at < target.length; at += RANDOM_POOL_BYTES) {
        fill(target.subarray(at, at + RANDOM_POOL_BYTES))
      }
    } catch (cause) {
      throw new CryptoError('crypto/rng-failed', { cause, details: { reason: 'threw' } })
    }
    refuseRepetition(target)
  }
  return (length) => {
    requireAtMost(length, MAX_RANDOM_BYTES, 'random length')
    if (length > MAX_POOLED_BYTES) {
      const direct = new Uint8Array(length)
      fillChecked(direct)
      return direct
    }
    if (offset + length > pool.length) {
      if (pool.length === 0) pool = new Uint8Array(RANDOM_POOL_BYTES)
      // Marked empty first: a refill that fails half-way must not leave old bytes to be served.
      offset = pool.length
      fillChecked(pool)
      offset = 0
    }
    const bytes = pool.slice(offset, offset + length)
    pool.fill(0, offset, offset + length)
    offset += length
    return bytes
  }
}
