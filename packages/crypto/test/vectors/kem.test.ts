import { fromHex, toHex } from '@hyphae/core'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { expect, it } from 'vitest'
import { mlKem768 } from '../../src/kem.js'
import { CREATE, codeOf } from '../providers.js'
import { wycheproof } from './wycheproof.js'

wycheproof<{ seed: string; ek: string; c: string; K: string }>('mlkem_768_test.json', (groups) => {
  it('derives every key and secret, and refuses every wrong length', () => {
    for (const test of groups.flatMap((group) => group.tests)) {
      const decapsulate = (): string => {
        const key = mlKem768.importSeed(fromHex(test.seed))
        expect(toHex(mlKem768.exportSeed(key))).toBe(test.seed)
        if (test.ek !== undefined && test.ek !== '') expect(toHex(key.publicKey)).toBe(test.ek)
        return toHex(mlKem768.decapsulate(key, fromHex(test.c)))
      }
      if (test.result === 'valid') expect(decapsulate(), `case ${test.tcId}`).toBe(test.K)
      else expect(codeOf(decapsulate), `case ${test.tcId}: ${test.comment}`).toBe('crypto/bad-length')
    }
  })
})

wycheproof<{ m: string; ek: string; c: string; K: string }>('mlkem_768_encaps_test.json', (groups) => {
  it.each(CREATE)(
    'encapsulates to every key with randomness of %s, and refuses every bad one',
    (_, create) => {
      let refused = 0
      for (const test of groups.flatMap((group) => group.tests)) {
        const crypto = create({ rng: () => fromHex(test.m) })
        const encapsulate = (): unknown => {
          const { ciphertext, secret } = mlKem768.encapsulate(crypto, fromHex(test.ek))
          return [toHex(ciphertext), toHex(secret)]
        }
        expect(mlKem768.isAcceptablePublicKey(fromHex(test.ek)), `case ${test.tcId}`).toBe(
          test.result === 'valid',
        )
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

// This package keeps seeds, never expanded keys; the file still tells whether the primitive below checks them.
wycheproof<{ dk: string; c: string; K: string }>('mlkem_768_semi_expanded_decaps_test.json', (groups) => {
  it('is passed by the implementation underneath', () => {
    for (const test of groups.flatMap((group) => group.tests)) {
      const decapsulate = (): string => toHex(ml_kem768.decapsulate(fromHex(test.c), fromHex(test.dk)))
      if (test.result === 'valid') expect(decapsulate(), `case ${test.tcId}`).toBe(test.K)
      else expect(decapsulate, `case ${test.tcId}`).toThrow()
    }
  })
})
