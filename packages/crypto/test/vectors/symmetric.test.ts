import { concatBytes, fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import type { Aead, CryptoProvider } from '../../src/index.js'
import { codeOf, PROVIDERS } from '../providers.js'
import { type Group, wycheproof } from './wycheproof.js'

interface AeadCase {
  key: string
  iv: string
  aad: string
  msg: string
  ct: string
  tag: string
}

function checkAead(aead: Aead, groups: readonly Group<AeadCase>[]): void {
  let used = 0
  for (const group of groups) {
    if (group.keySize !== aead.keyLength * 8) continue
    for (const test of group.tests) {
      const [key, nonce, ad] = [fromHex(test.key), fromHex(test.iv), fromHex(test.aad)]
      const sealed = concatBytes(fromHex(test.ct), fromHex(test.tag))
      used++
      if (group.ivSize !== aead.nonceLength * 8) {
        expect(codeOf(() => aead.open(key, nonce, sealed, ad))).toBe('crypto/bad-length')
        expect(codeOf(() => aead.seal(key, nonce, fromHex(test.msg), ad))).toBe('crypto/bad-length')
      } else if (test.result === 'valid') {
        expect(toHex(aead.seal(key, nonce, fromHex(test.msg), ad)), `case ${test.tcId}`).toBe(toHex(sealed))
        expect(aead.open(key, nonce, sealed, ad), `case ${test.tcId}`).toEqual(fromHex(test.msg))
      } else {
        expect(aead.open(key, nonce, sealed, ad), `case ${test.tcId}`).toBeNull()
      }
    }
  }
  expect(used).toBeGreaterThan(50)
}

function aeadSuite(file: string, names: readonly (keyof CryptoProvider)[]): void {
  wycheproof<AeadCase>(file, (groups) => {
    describe.each(PROVIDERS)('%s', (_, crypto) => {
      it.each(names)('%s seals, opens and refuses as listed', (name) => {
        checkAead(crypto[name] as Aead, groups)
      })
    })
  })
}

aeadSuite('chacha20_poly1305_test.json', ['chacha20Poly1305'])
aeadSuite('xchacha20_poly1305_test.json', ['xchacha20Poly1305'])
aeadSuite('aes_gcm_test.json', ['aes128Gcm', 'aes256Gcm'])

wycheproof<{ key: string; msg: string; tag: string }>('hmac_sha256_test.json', (groups) => {
  describe.each(PROVIDERS)('%s', (_, crypto) => {
    it('gives every tag that is listed as valid, and no other', () => {
      for (const group of groups) {
        for (const test of group.tests) {
          const tag = toHex(crypto.hmacSha256(fromHex(test.key), fromHex(test.msg)))
          const same = tag.slice(0, group.tagSize / 4) === test.tag
          expect(same, `case ${test.tcId}`).toBe(test.result === 'valid')
        }
      }
    })
  })
})

wycheproof<{ ikm: string; salt: string; info: string; size: number; okm: string }>(
  'hkdf_sha256_test.json',
  (groups) => {
    describe.each(PROVIDERS)('%s', (_, crypto) => {
      it('expands as listed and refuses what is too long', () => {
        for (const test of groups.flatMap((group) => group.tests)) {
          const run = (): string =>
            toHex(crypto.hkdfSha256(fromHex(test.ikm), fromHex(test.salt), fromHex(test.info), test.size))
          if (test.result === 'valid') expect(run(), `case ${test.tcId}`).toBe(test.okm)
          else expect(codeOf(run), `case ${test.tcId}`).toBe('crypto/bad-length')
        }
      })
    })
  },
)
