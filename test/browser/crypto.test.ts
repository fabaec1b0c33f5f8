// The provider that browsers get, against the published vectors of each algorithm.
import { fromHex, toHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'

const none = new Uint8Array()

it('is the portable provider', () => {
  expect(crypto.name).toBe('noble')
})

it('SHA-256 and SHA-512 (FIPS 180-4)', () => {
  expect(toHex(crypto.sha256(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(toHex(crypto.sha512(utf8('abc')))).toBe(
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  )
})

it('HMAC-SHA256 (RFC 4231, case 2)', () => {
  expect(toHex(crypto.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

it('HKDF-SHA256 (RFC 5869, A.1)', () => {
  const ikm = new Uint8Array(22).fill(0x0b)
  const okm = crypto.hkdfSha256(
    ikm,
    fromHex('000102030405060708090a0b0c'),
    fromHex('f0f1f2f3f4f5f6f7f8f9'),
    42,
  )
  expect(toHex(okm)).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
})

it('X25519 (RFC 7748, 6.1)', () => {
  const alice = crypto.x25519.importPrivateKey(
    fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
  )
  expect(toHex(alice.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
  const bob = fromHex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  expect(toHex(crypto.x25519.dh(alice, bob))).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  )
})

describe('Ed25519', () => {
  const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
  const signature =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'

  it('signs and verifies (RFC 8032, test 2)', () => {
    const key = crypto.ed25519.importSeed(seed)
    expect(toHex(key.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    expect(toHex(crypto.ed25519.sign(key, fromHex('72')))).toBe(signature)
    expect(crypto.ed25519.verify(key.publicKey, fromHex('72'), fromHex(signature))).toBe(true)
    expect(crypto.ed25519.verify(key.publicKey, fromHex('73'), fromHex(signature))).toBe(false)
  })

  it('hostile 13: refuses a key of small order, under which one signature fits every message', () => {
    const identity = fromHex('01'.padEnd(64, '0'))
    const forged = fromHex('01'.padEnd(128, '0'))
    expect(crypto.ed25519.verify(identity, utf8('anything'), forged)).toBe(false)
  })
})

it('ChaCha20-Poly1305 (RFC 8439, 2.8.2)', () => {
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
  const nonce = fromHex('070000004041424344454647')
  const aad = fromHex('50515253c0c1c2c3c4c5c6c7')
  const text = utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
  const sealed = crypto.chacha20Poly1305.seal(key, nonce, text, aad)
  expect(toHex(sealed.subarray(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2')
  expect(toHex(sealed.subarray(-16))).toBe('1ae10b594f09e26a7e902ecbd0600691')
  expect(crypto.chacha20Poly1305.open(key, nonce, sealed, aad)).toEqual(text)
  expect(crypto.chacha20Poly1305.open(key, nonce, sealed, none)).toBeNull()
})

it('AES-128-GCM (the GCM specification, test case 2)', () => {
  const zero = new Uint8Array(16)
  expect(toHex(crypto.aes128Gcm.seal(zero, zero.subarray(0, 12), zero, none))).toBe(
    '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
  )
})

it('scrypt (RFC 7914, section 12)', () => {
  const derived = crypto.scrypt(utf8('password'), utf8('NaCl'), { N: 1024, r: 8, p: 16 }, 64)
  expect(toHex(derived).slice(0, 32)).toBe('fdbabe1c9d3472007856e7190d01e9fe')
})
