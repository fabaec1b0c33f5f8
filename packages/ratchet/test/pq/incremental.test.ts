import { mlKem768 } from '@hyphae/crypto/kem'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CT1_BYTES,
  CT2_BYTES,
  encapsulateFirst,
  encapsulateSecond,
  HEADER_BYTES,
  headerOf,
  joinKey,
  VECTOR_BYTES,
} from '../../src/pq/incremental.js'
import { codeOf, flipped } from '../support.js'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

describe('encapsulation in two parts', () => {
  it('is the encapsulation in one, for every key and randomness', () => {
    fc.assert(
      fc.property(bytes(64), bytes(32), (seed, random) => {
        const key = mlKem768.importSeed(seed)
        const whole = mlKem768.unsafeEncapsulate(key.publicKey, random)
        const header = headerOf(key.publicKey)
        const first = encapsulateFirst(header, random)
        const second = encapsulateSecond(key.publicKey, random, first.ct1)
        expect([header.length, first.ct1.length, second.length]).toEqual([HEADER_BYTES, CT1_BYTES, CT2_BYTES])
        expect(Buffer.concat([first.ct1, second]).equals(whole.ciphertext)).toBe(true)
        expect(first.secret).toEqual(whole.secret)
        expect(mlKem768.decapsulate(key, whole.ciphertext)).toEqual(whole.secret)
      }),
      { numRuns: 40 },
    )
  })

  it('joins a header with the vector of the same key only', () => {
    const { publicKey } = mlKem768.importSeed(new Uint8Array(64).fill(1))
    const header = headerOf(publicKey)
    const vector = publicKey.subarray(0, VECTOR_BYTES)
    expect(joinKey(header, vector)).toEqual(publicKey)
    expect(joinKey(flipped(header, 3), vector)).toBeNull()
    expect(joinKey(flipped(header, 8 * 40), vector)).toBeNull()
    expect(joinKey(header, flipped(vector, 77))).toBeNull()
    const unreduced = publicKey.slice()
    unreduced.fill(0xff, 0, 2)
    expect(joinKey(headerOf(unreduced), unreduced.subarray(0, VECTOR_BYTES))).toBeNull()
  })

  it('refuses a first part of other randomness', () => {
    const { publicKey } = mlKem768.importSeed(new Uint8Array(64).fill(2))
    const { ct1 } = encapsulateFirst(headerOf(publicKey), new Uint8Array(32).fill(3))
    const other = new Uint8Array(32).fill(4)
    expect(codeOf(() => encapsulateSecond(publicKey, other, ct1))).toBe('ratchet/bad-snapshot')
  })
})
