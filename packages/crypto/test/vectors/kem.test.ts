import { fromHex, toHex } from '@hyphae/core'
import { expect, it } from 'vitest'
import { nobleMlKem768 } from '../../src/kem/noble.js'
import { ENGINES_768, KEMS_768 } from '../kems.js'
import { CREATE, codeOf } from '../providers.js'
import { wycheproof } from './wycheproof.js'

wycheproof<{ seed: string; ek: string; c: string; K: string }>('mlkem_768_test.json', (groups) => {
  it.each(KEMS_768)('%s derives every key and secret, and refuses every wrong length', (_, kem) => {
    for (const test of groups.flatMap((group) => group.tests)) {
      const decapsulate = (): string => {
        const key = kem.importSeed(fromHex(test.seed))
        expect(toHex(kem.exportSeed(key))).toBe(test.seed)
        if (test.ek !== undefined && test.ek !== '') expect(toHex(key.publicKey)).toBe(test.ek)
        return toHex(kem.decapsulate(key, fromHex(test.c)))
      }
      if (test.result === 'valid') expect(decapsulate(), `case ${test.tcId}`).toBe(test.K)
      else expect(codeOf(decapsulate), `case ${test.tcId}: ${test.comment}`).toBe('crypto/bad-length')
    }
  })
})

wycheproof<{ m: string; ek: string; c: string; K: string }>('mlkem_768_encaps_test.json', (groups) => {
  it.each(
    KEMS_768.flatMap(([library, kem]) =>
      CREATE.map(([name, create]) => [library, name, kem, create] as const),
    ),
  )(
    '%s encapsulates to every key with randomness of %s, and refuses every bad one',
    (_library, _name, kem, create) => {
      let refused = 0
      for (const test of groups.flatMap((group) => group.tests)) {
        const crypto = create({ rng: () => fromHex(test.m) })
        const encapsulate = (): unknown => {
          const { ciphertext, secret } = kem.encapsulate(crypto, fromHex(test.ek))
          return [toHex(ciphertext), toHex(secret)]
        }
        expect(kem.isAcceptablePublicKey(fromHex(test.ek)), `case ${test.tcId}`).toBe(test.result === 'valid')
        if (test.result === 'valid') expect(encapsulate(), `case ${test.tcId}`).toEqual([test.c, test.K])
        else {
          expect(codeOf(encapsulate), `case ${test.tcId}`).toBe('crypto/bad-public-key')
          refused++
        }
      }
      expect(refused).toBeGreaterThan(12)
    },
  )
})

// This package keeps seeds, never expanded keys; the file still tells what the primitives below make of them.
// libsodium takes an expanded key as it is, which is why none ever comes from outside (spec/crypto.md, rule E3).
wycheproof<{ dk: string; c: string; K: string }>('mlkem_768_semi_expanded_decaps_test.json', (groups) => {
  const tests = groups.flatMap((group) => group.tests)

  it.each(ENGINES_768)('is computed by %s underneath', (_, engine) => {
    const valid = tests.filter((test) => test.result === 'valid')
    expect(valid.length).toBeGreaterThan(0)
    for (const { tcId, c, dk, K } of valid) {
      expect(toHex(engine.decapsulate(fromHex(c), fromHex(dk))), `case ${tcId}`).toBe(K)
    }
  })

  it('is refused by noble where it should be', () => {
    for (const { tcId, c, dk } of tests.filter((test) => test.result !== 'valid')) {
      expect(() => nobleMlKem768.decapsulate(fromHex(c), fromHex(dk)), `case ${tcId}`).toThrow()
    }
  })
})
