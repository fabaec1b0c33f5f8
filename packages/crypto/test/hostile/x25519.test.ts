/** Hostile case 12: low-order and zero keys. */
import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { assertX25519PublicKey, isCanonicalX25519, isSmallOrderX25519 } from '../../src/index.js'
import { codeOf, PROVIDERS } from '../providers.js'

const CANONICAL_SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
]
const REDUCIBLE_SMALL_ORDER = [`ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`]

const withTopBit = (hex: string): string => {
  const bytes = fromHex(hex)
  bytes[31] = (bytes[31] as number) | 0x80
  return toHex(bytes)
}

const WITHOUT_TOP_BIT = [...CANONICAL_SMALL_ORDER, ...REDUCIBLE_SMALL_ORDER]
const ALL_ENCODINGS = [...WITHOUT_TOP_BIT, ...WITHOUT_TOP_BIT.map(withTopBit)]

describe.each(PROVIDERS)('%s', (_, crypto) => {
  it('hostile 12: no encoding of a small-order point gives a shared secret', () => {
    const key = crypto.x25519.generate()
    for (const encoding of ALL_ENCODINGS) {
      expect(
        codeOf(() => crypto.x25519.dh(key, fromHex(encoding))),
        encoding,
      ).toBe('crypto/low-order-key')
    }
  })

  it('accepts non-canonical keys of full order in dh, as RFC 7748 says', () => {
    const key = crypto.x25519.generate()
    const peer = crypto.x25519.generate()
    const masked = fromHex(withTopBit(toHex(peer.publicKey)))
    expect(crypto.x25519.dh(key, masked)).toEqual(crypto.x25519.dh(peer, key.publicKey))
  })

  it('refuses lengths other than 32', () => {
    const key = crypto.x25519.generate()
    for (const length of [0, 31, 33, 64]) {
      expect(codeOf(() => crypto.x25519.dh(key, new Uint8Array(length).fill(9)))).toBe('crypto/bad-length')
      expect(codeOf(() => crypto.x25519.importPrivateKey(new Uint8Array(length)))).toBe('crypto/bad-length')
      expect(codeOf(() => crypto.ed25519.importSeed(new Uint8Array(length)))).toBe('crypto/bad-length')
    }
  })

  it('makes keys that pass its own check', () => {
    for (let i = 0; i < 20; i++) assertX25519PublicKey(crypto.x25519.generate().publicKey)
  })
})

it('hostile 12: assertX25519PublicKey refuses every encoding of a small-order point', () => {
  for (const encoding of ALL_ENCODINGS) {
    expect(isSmallOrderX25519(fromHex(encoding))).toBe(true)
    expect(codeOf(() => assertX25519PublicKey(fromHex(encoding)))).toBe('crypto/bad-public-key')
  }
})

it('knows the canonical encodings: u < p with the top bit clear', () => {
  expect(isCanonicalX25519(fromHex(`ec${'ff'.repeat(30)}7f`))).toBe(true)
  for (let low = 0xed; low <= 0xff; low++) {
    const bytes = fromHex(`${low.toString(16)}${'ff'.repeat(30)}7f`)
    expect(isCanonicalX25519(bytes)).toBe(false)
    expect(codeOf(() => assertX25519PublicKey(bytes))).toBe('crypto/bad-public-key')
  }
  expect(isCanonicalX25519(fromHex(`ff${'ff'.repeat(29)}fe7f`))).toBe(true)
  expect(isCanonicalX25519(fromHex(`09${'00'.repeat(30)}80`))).toBe(false)
  for (const length of [0, 31, 33]) {
    expect(isCanonicalX25519(new Uint8Array(length).fill(9))).toBe(false)
    expect(codeOf(() => assertX25519PublicKey(new Uint8Array(length).fill(9)))).toBe('crypto/bad-public-key')
  }
  expect(isSmallOrderX25519(new Uint8Array(31))).toBe(false)
})
