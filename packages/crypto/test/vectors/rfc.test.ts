/** Known answers printed in the RFCs, for what Wycheproof has no file of. */
import { fromHex, toHex, utf8 } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../providers.js'

describe.each(PROVIDERS)('%s', (_, crypto) => {
  it('hashes "abc" as FIPS 180-4 does', () => {
    expect(toHex(crypto.sha256(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(crypto.sha512(utf8('abc'))).slice(0, 32)).toBe('ddaf35a193617abacc417349ae204131')
  })

  it('gives the ChaCha20 keystream of RFC 8439 appendix A.1, vector 1', () => {
    const stream = crypto.chacha20(new Uint8Array(32), new Uint8Array(12), 64)
    expect(toHex(stream)).toBe(
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
        'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
    )
  })

  it('gives HMAC-SHA512 of RFC 4231 test case 2', () => {
    const tag = crypto.hmacSha512(utf8('Jefe'), utf8('what do ya want for nothing?'))
    expect(toHex(tag).slice(0, 64)).toBe('164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554')
  })

  it('gives scrypt of RFC 7914 section 12, vectors 1 and 2', () => {
    const empty = crypto.scrypt(new Uint8Array(0), new Uint8Array(0), { N: 16, r: 1, p: 1 }, 64)
    expect(toHex(empty).slice(0, 32)).toBe('77d6576238657b203b19ca42c18a0497')
    const second = crypto.scrypt(utf8('password'), utf8('NaCl'), { N: 1024, r: 8, p: 16 }, 64)
    expect(toHex(second).slice(0, 32)).toBe('fdbabe1c9d3472007856e7190d01e9fe')
  })

  it('makes the signature of RFC 8032 section 7.1, test 2', () => {
    const key = crypto.ed25519.importSeed(
      fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    )
    expect(toHex(key.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    expect(toHex(crypto.ed25519.sign(key, fromHex('72')))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('iterates X25519 as RFC 7748 section 5.2 does', () => {
    let scalar = fromHex(`09${'00'.repeat(31)}`)
    let point = scalar
    for (let i = 0; i < 1000; i++) {
      const next = crypto.x25519.dh(crypto.x25519.importPrivateKey(scalar), point)
      point = scalar
      scalar = next
      if (i === 0) {
        expect(toHex(next)).toBe('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079')
      }
    }
    expect(toHex(scalar)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
  })
})
