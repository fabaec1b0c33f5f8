import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { codeOf, PROVIDERS } from '../providers.js'
import { wycheproof } from './wycheproof.js'

const ZERO = '00'.repeat(32)

wycheproof<{ public: string; private: string; shared: string }>('x25519_test.json', (groups) => {
  describe.each(PROVIDERS)('%s', (_, crypto) => {
    it('gives every shared secret, and refuses each that is zero (hostile 12)', () => {
      let refused = 0
      for (const group of groups) {
        for (const test of group.tests) {
          const key = crypto.x25519.importPrivateKey(fromHex(test.private))
          const run = (): string => toHex(crypto.x25519.dh(key, fromHex(test.public)))
          if (test.shared === ZERO) {
            expect(codeOf(run), `case ${test.tcId}`).toBe('crypto/low-order-key')
            refused++
          } else {
            expect(run(), `case ${test.tcId}`).toBe(test.shared)
          }
        }
      }
      const listed = groups.flatMap((group) => group.tests)
      expect(refused).toBe(listed.filter((test) => test.flags.includes('ZeroSharedSecret')).length)
    })
  })
})

wycheproof<{ msg: string; sig: string }>('ed25519_test.json', (groups) => {
  describe.each(PROVIDERS)('%s', (_, crypto) => {
    it('gives every verdict (hostile 13)', () => {
      for (const group of groups) {
        const publicKey = fromHex(group.publicKey.pk)
        for (const test of group.tests) {
          const verdict = crypto.ed25519.verify(publicKey, fromHex(test.msg), fromHex(test.sig))
          expect(verdict, `case ${test.tcId}: ${test.comment}`).toBe(test.result === 'valid')
        }
      }
    })
  })
})
