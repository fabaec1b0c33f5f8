/**
 * Wycheproof's ML-KEM-768 cases for encapsulation in two parts, of both wires: keys and randomness given, the two parts
 * together must be the ciphertext that is listed. Read in place where the shared vectors are.
 */
import { existsSync, readFileSync } from 'node:fs'
import { concatBytes, fromHex, toHex } from '@hyphae/core'
import { mlKem768 } from '@hyphae/crypto/kem'
import { describe, expect, it } from 'vitest'
import * as own from '../../src/pq/incremental.js'
import * as signal from '../../src/signal/pq/mlkem.js'
import { codeOf } from '../support.js'

interface Case {
  readonly tcId: number
  readonly result: 'valid' | 'invalid'
}
type EncapsulationCase = Case & {
  readonly m: string
  readonly ek: string
  readonly c: string
  readonly K: string
}
type SeedCase = Case & { readonly seed: string; readonly c: string; readonly K: string }

const KEY_BYTES = 1184

/** Declares the suite, skipped with a message where the file is absent. */
function wycheproof<Test extends Case>(file: string, body: (tests: readonly Test[]) => void): void {
  const url = new URL(`../../../../../shared/vectors/wycheproof/${file}`, import.meta.url)
  if (!existsSync(url)) {
    describe.skip(`Wycheproof ${file}: the shared vectors are not here`, () => body([]))
    return
  }
  const { testGroups } = JSON.parse(readFileSync(url, 'utf8')) as { testGroups: { tests: Test[] }[] }
  const tests = testGroups.flatMap((group) => group.tests)
  describe(`Wycheproof ${file}, ${tests.length} cases`, () => body(tests))
}

wycheproof<EncapsulationCase>('mlkem_768_encaps_test.json', (tests) => {
  const whole = tests.filter(({ ek }) => ek.length === 2 * KEY_BYTES)

  it('are encapsulated in two parts as in one, on the own wire; a key that is not acceptable joins nothing', () => {
    let refused = 0
    for (const { tcId, result, m, ek, c, K } of whole) {
      const [key, random] = [fromHex(ek), fromHex(m)]
      const header = own.headerOf(key)
      const { ct1, secret } = own.encapsulateFirst(header, random)
      const joined = own.joinKey(header, key.subarray(0, own.VECTOR_BYTES))
      expect([tcId, joined !== null]).toEqual([tcId, result === 'valid'])
      if (joined === null) {
        refused++
        continue
      }
      expect([tcId, toHex(concatBytes(ct1, own.encapsulateSecond(joined, random, ct1)))]).toEqual([tcId, c])
      expect([tcId, toHex(secret)]).toEqual([tcId, K])
    }
    expect(refused).toBeGreaterThan(0)
    expect(whole.length - refused).toBeGreaterThan(0)
  })

  it('are encapsulated in two parts as in one, on the Signal wire; a key that is not acceptable is refused', () => {
    for (const { tcId, result, m, ek, c, K } of whole) {
      const [key, random] = [fromHex(ek), fromHex(m)]
      const header = own.headerOf(key)
      const { ct1, secret } = signal.encapsulateFirst(header, random)
      let ct2: Uint8Array = new Uint8Array(0)
      const code = codeOf(() => {
        ct2 = signal.encapsulateSecond(header, key.subarray(0, signal.VECTOR_BYTES), random, ct1)
      })
      expect([tcId, code]).toEqual([
        tcId,
        result === 'valid' ? 'no error' : 'ratchet/signal-bad-post-quantum',
      ])
      if (result === 'valid')
        expect([tcId, toHex(concatBytes(ct1, ct2)), toHex(secret)]).toEqual([tcId, c, K])
    }
  })
})

wycheproof<SeedCase>('mlkem_768_test.json', (tests) => {
  it('give the secret that is listed when the two parts come together, on both wires', () => {
    const good = tests.filter(({ result }) => result === 'valid')
    expect(good.length).toBeGreaterThan(50)
    for (const { tcId, seed, c, K } of good) {
      const ciphertext = fromHex(c)
      const parts = [ciphertext.slice(0, own.CT1_BYTES), ciphertext.slice(own.CT1_BYTES)] as const
      const key = mlKem768.importSeed(fromHex(seed))
      expect([tcId, toHex(mlKem768.decapsulate(key, concatBytes(...parts)))]).toEqual([tcId, K])
      expect([tcId, toHex(signal.decapsulate(fromHex(seed), ...parts))]).toEqual([tcId, K])
    }
  })
})
