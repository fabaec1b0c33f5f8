import { concatBytes, fromHex } from '@hyphae/core'
import { nobleCrypto } from '@hyphae/crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { xeddsaSign, xeddsaVerify } from '../../src/signal.js'
import { crypto, flipped, seededCrypto } from './support.js'

const L = ed25519.Point.Fn.ORDER
const message = Uint8Array.of(1, 2, 3)
const topBit = (signature: Uint8Array): number => (signature[63] as number) >> 7
const keyWithSign = (sign: number) => {
  for (;;) {
    const key = crypto.x25519.generate()
    if (topBit(xeddsaSign(crypto, key, message)) === sign) return key
  }
}

describe('XEdDSA', () => {
  it('verifies what it signed, for keys and messages of every kind', () => {
    const lengths = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), lengths, (secret, data) => {
        const key = crypto.x25519.importPrivateKey(secret)
        expect(xeddsaVerify(crypto, key.publicKey, data, xeddsaSign(crypto, key, data))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('gives a new signature each time, all good, and none for another key or message', () => {
    const [key, stranger] = [crypto.x25519.generate(), crypto.x25519.generate()]
    const [one, two] = [xeddsaSign(crypto, key, message), xeddsaSign(crypto, key, message)]
    expect(one).not.toEqual(two)
    for (const signature of [one, two]) {
      expect(xeddsaVerify(crypto, key.publicKey, message, signature)).toBe(true)
      expect(xeddsaVerify(crypto, stranger.publicKey, message, signature)).toBe(false)
      expect(xeddsaVerify(crypto, key.publicKey, Uint8Array.of(1, 2), signature)).toBe(false)
    }
  })

  it('carries the sign of the Edwards key in the top bit: either occurs, the other one fails', () => {
    for (const sign of [0, 1]) {
      const key = keyWithSign(sign)
      const signature = xeddsaSign(crypto, key, message)
      expect(topBit(signature)).toBe(sign)
      expect(xeddsaVerify(crypto, key.publicKey, message, signature)).toBe(true)
      expect(xeddsaVerify(crypto, key.publicKey, message, flipped(signature, 63 * 8 + 7))).toBe(false)
    }
  })

  it('is an Ed25519 signature by the key that u maps to', () => {
    const key = keyWithSign(0)
    const secret = crypto.x25519.exportPrivateKey(key)
    secret[0] = (secret[0] as number) & 0xf8
    secret[31] = ((secret[31] as number) & 0x7f) | 0x40
    const edwards = ed25519.Point.BASE.multiply(ed25519.Point.Fn.create(bytesToNumberLE(secret))).toBytes()
    expect(crypto.ed25519.verify(edwards, message, xeddsaSign(crypto, key, message))).toBe(true)
  })

  it('depends on the generator for its nonce, and on nothing else', () => {
    const secret = new Uint8Array(32).fill(9)
    const sign = (seed: number): Uint8Array => {
      const provider = seededCrypto(seed)
      return xeddsaSign(provider, provider.x25519.importPrivateKey(secret), message)
    }
    expect(sign(1)).toEqual(sign(1))
    expect(sign(1).subarray(0, 32)).not.toEqual(sign(2).subarray(0, 32))
  })

  it('hostile 52: a generator that repeats itself gives no nonce twice: the message goes into it', () => {
    const nonces = [1, 2].map((text) => {
      const provider = seededCrypto(3)
      const key = provider.x25519.importPrivateKey(new Uint8Array(32).fill(9))
      return xeddsaSign(provider, key, Uint8Array.of(text)).subarray(0, 32)
    })
    expect(nonces[0]).not.toEqual(nonces[1])
  })

  it('refuses every flipped bit and every other length', () => {
    const key = crypto.x25519.generate()
    const signature = xeddsaSign(crypto, key, message)
    for (let bit = 0; bit < 512; bit++) {
      expect(xeddsaVerify(crypto, key.publicKey, message, flipped(signature, bit))).toBe(false)
    }
    for (const length of [0, 32, 63]) {
      expect(xeddsaVerify(crypto, key.publicKey, message, signature.subarray(0, length))).toBe(false)
    }
    expect(xeddsaVerify(crypto, key.publicKey, message, concatBytes(signature, message))).toBe(false)
  })

  it('hostile 13: s + L, small-order and non-canonical keys are refused, alike by both providers', () => {
    const key = keyWithSign(0)
    const signature = xeddsaSign(crypto, key, message)
    const s = bytesToNumberLE(signature.subarray(32))
    const malleable = concatBytes(signature.subarray(0, 32), numberToBytesLE(s + L, 32))
    const zeros = new Uint8Array(64)
    const smallOrder = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
    ].map(fromHex)
    const nonCanonical = Uint8Array.from(key.publicKey)
    nonCanonical[31] = (nonCanonical[31] as number) | 0x80
    for (const provider of [crypto, nobleCrypto]) {
      expect(xeddsaVerify(provider, key.publicKey, message, signature)).toBe(true)
      expect(xeddsaVerify(provider, key.publicKey, message, malleable)).toBe(false)
      expect(xeddsaVerify(provider, nonCanonical, message, signature)).toBe(false)
      for (const u of smallOrder) {
        expect(xeddsaVerify(provider, u, message, zeros)).toBe(false)
        // R = identity, s = 0 verifies for small-order keys where nobody looks.
        expect(xeddsaVerify(provider, u, message, flipped(zeros, 0))).toBe(false)
      }
    }
  })

  it('refuses a u that is not on the curve', () => {
    const signature = xeddsaSign(crypto, crypto.x25519.generate(), message)
    // u = 2 lies on the twist.
    expect(xeddsaVerify(crypto, flipped(new Uint8Array(32), 1), message, signature)).toBe(false)
  })
})
