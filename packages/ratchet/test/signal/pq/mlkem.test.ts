import { concatBytes } from '@hyphae/core'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { describe, expect, it } from 'vitest'
import {
  decapsulate,
  encapsulateFirst,
  encapsulateSecond,
  encapsulationKey,
} from '../../../src/signal/pq/mlkem.js'
import { codeOf, crypto, flipped } from '../support.js'

const PART = 'ratchet/signal-bad-post-quantum'

describe('ML-KEM-768 in two halves', () => {
  it('gives the ciphertext and secret of the library, for many keys', () => {
    for (let i = 0; i < 12; i++) {
      const [seed, m] = [crypto.randomBytes(64), crypto.randomBytes(32)]
      const { header, vector } = encapsulationKey(seed)
      const { ct1, secret } = encapsulateFirst(header, m)
      const ct2 = encapsulateSecond(header, vector, m, ct1)
      const whole = ml_kem768.encapsulate(ml_kem768.keygen(seed).publicKey, m)
      expect(concatBytes(ct1, ct2)).toEqual(whole.cipherText)
      expect(secret).toEqual(whole.sharedSecret)
      expect(decapsulate(seed, ct1, ct2)).toEqual(secret)
    }
  })

  it('refuses a vector that the header did not promise', () => {
    const m = crypto.randomBytes(32)
    const { header, vector } = encapsulationKey(crypto.randomBytes(64))
    const { ct1 } = encapsulateFirst(header, m)
    expect(codeOf(() => encapsulateSecond(header, flipped(vector, 5), m, ct1))).toBe(PART)
    const other = encapsulationKey(crypto.randomBytes(64))
    expect(codeOf(() => encapsulateSecond(header, other.vector, m, ct1))).toBe(PART)
  })

  it('refuses to go on from another ct1 than it would make', () => {
    const m = crypto.randomBytes(32)
    const { header, vector } = encapsulationKey(crypto.randomBytes(64))
    const { ct1 } = encapsulateFirst(header, m)
    expect(codeOf(() => encapsulateSecond(header, vector, m, flipped(ct1, 9)))).toBe(PART)
    expect(codeOf(() => encapsulateSecond(header, vector, crypto.randomBytes(32), ct1))).toBe(PART)
  })

  it('gives an unrelated secret for a ciphertext that was touched', () => {
    const [seed, m] = [crypto.randomBytes(64), crypto.randomBytes(32)]
    const { header, vector } = encapsulationKey(seed)
    const { ct1, secret } = encapsulateFirst(header, m)
    const ct2 = encapsulateSecond(header, vector, m, ct1)
    expect(decapsulate(seed, flipped(ct1, 0), ct2)).not.toEqual(secret)
    expect(decapsulate(seed, ct1, flipped(ct2, 0))).not.toEqual(secret)
  })
})
