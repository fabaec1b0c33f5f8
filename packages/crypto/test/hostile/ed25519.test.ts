/** Hostile case 13: one verdict from every provider. Rules V1 to V6 of spec/crypto.md. */
import { concatBytes, fromHex, utf8 } from '@hyphae/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { passesStrictChecks } from '../../src/ed25519-strict.js'
import { isAcceptableEd25519Key, nobleCrypto, unsafeSeededRng } from '../../src/index.js'
import { nodeCrypto } from '../../src/index.node.js'
import { slimCrypto } from '../../src/slim.js'
import { PROVIDERS } from '../providers.js'
import {
  encodeScalar,
  mixedOrderCases,
  NON_CANONICAL_SMALL_ORDER,
  nonCanonicalNonceCases,
  type SignedCase,
  smallOrderKeyCases,
  smallOrderNonceCases,
} from './ed25519-crafted.js'

const ORDER = ed25519.Point.Fn.ORDER
const MIXED = mixedOrderCases()
const message = utf8('a message')
const honest = nobleCrypto.ed25519.importSeed(new Uint8Array(32).fill(7))
const signature = nobleCrypto.ed25519.sign(honest, message)

const cofactored = (c: SignedCase): boolean =>
  ed25519.verify(c.signature, c.message, c.publicKey, { zip215: true })

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function sameVerdict(publicKey: Uint8Array, text: Uint8Array, candidate: Uint8Array): boolean {
  const verdict = nobleCrypto.ed25519.verify(publicKey, text, candidate)
  for (const other of [nodeCrypto, slimCrypto]) {
    expect(other.ed25519.verify(publicKey, text, candidate), other.name).toBe(verdict)
  }
  return verdict
}

it('hostile 13: the crafted set holds both kinds, and a cofactored verifier accepts all of it', () => {
  expect(MIXED.filter((c) => c.valid).length).toBeGreaterThan(20)
  expect(MIXED.filter((c) => !c.valid).length).toBeGreaterThan(50)
  for (const c of MIXED) expect(cofactored(c), c.name).toBe(true)
})

describe.each(PROVIDERS)('%s', (_, crypto) => {
  const verify = crypto.ed25519.verify

  it('hostile 13, rule V6: mixed-order keys and R get the cofactorless verdict', () => {
    for (const c of MIXED) expect(verify(c.publicKey, c.message, c.signature), c.name).toBe(c.valid)
  })

  it('hostile 13, rule V4: a small-order key is refused although its equation holds', () => {
    const cases = smallOrderKeyCases()
    expect(cases).toHaveLength(8)
    for (const c of cases) {
      expect(cofactored(c), c.name).toBe(true)
      expect(verify(c.publicKey, c.message, c.signature), c.name).toBe(false)
    }
  })

  it('hostile 13, rules V3 and V4: other encodings of small-order keys are refused', () => {
    for (const publicKey of NON_CANONICAL_SMALL_ORDER) {
      expect(isAcceptableEd25519Key(publicKey)).toBe(false)
      for (const c of smallOrderKeyCases()) expect(verify(publicKey, c.message, c.signature)).toBe(false)
    }
  })

  it('hostile 13, rule V3: every y from p to 2^255 − 1 is refused, with either sign', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      for (const top of [0x7f, 0xff]) {
        const publicKey = concatBytes(Uint8Array.of(low), new Uint8Array(30).fill(0xff), Uint8Array.of(top))
        expect(isAcceptableEd25519Key(publicKey)).toBe(false)
        expect(verify(publicKey, message, signature)).toBe(false)
      }
    }
    // The neighbour below is p − 2: canonical, so it reaches the curve.
    expect(isAcceptableEd25519Key(fromHex(`eb${'ff'.repeat(30)}7f`))).toBe(true)
  })

  it('hostile 13, rule V2: S + L and all its kin are refused', () => {
    const s = littleEndian(signature.subarray(32))
    expect(verify(honest.publicKey, message, signature)).toBe(true)
    for (let multiple = 1n; s + multiple * ORDER < 2n ** 256n; multiple++) {
      const malleated = concatBytes(signature.subarray(0, 32), encodeScalar(s + multiple * ORDER))
      expect(verify(honest.publicKey, message, malleated)).toBe(false)
    }
    for (const edge of [ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      const malleated = concatBytes(signature.subarray(0, 32), encodeScalar(edge))
      expect(verify(honest.publicKey, message, malleated)).toBe(false)
    }
  })

  it('hostile 13, rule V1: wrong lengths are false, never an exception', () => {
    for (const length of [0, 1, 31, 33, 63, 65, 1000]) {
      expect(verify(new Uint8Array(length), message, signature)).toBe(false)
      expect(verify(honest.publicKey, message, new Uint8Array(length))).toBe(false)
    }
    expect(verify(honest.publicKey, message, concatBytes(signature, Uint8Array.of(0)))).toBe(false)
  })

  it('hostile 13, rule V5: a key that names no point is false, never an exception', () => {
    let refused = 0
    for (let y = 2; y < 40; y++) {
      const publicKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? y : 0))
      expect(verify(publicKey, message, signature)).toBe(false)
      if (!ed25519.utils.isValidPublicKey(publicKey)) refused++
    }
    expect(refused).toBeGreaterThan(10)
  })

  it('hostile 13, rule V7: R of small order is judged by the equation alone', () => {
    for (const c of smallOrderNonceCases()) {
      expect(verify(c.publicKey, c.message, c.signature), c.name).toBe(c.valid)
    }
    expect(smallOrderNonceCases().map((c) => c.valid)).toEqual([true, false, false, false])
  })

  it('hostile 13, rule V6: another encoding of the right R is refused', () => {
    for (const c of nonCanonicalNonceCases()) {
      expect(cofactored(c), 'its equation holds').toBe(true)
      expect(verify(c.publicKey, c.message, c.signature)).toBe(false)
    }
  })
})

it('hostile 13, rule V2: the shared check alone draws the line at L, whatever the libraries do', () => {
  const withS = (s: bigint): Uint8Array => concatBytes(signature.subarray(0, 32), encodeScalar(s))
  for (const s of [0n, 1n, ORDER - 1n]) {
    expect(passesStrictChecks(honest.publicKey, withS(s))).toBe(true)
  }
  for (const s of [ORDER, ORDER + 1n, 2n ** 253n, 2n ** 256n - 1n]) {
    expect(passesStrictChecks(honest.publicKey, withS(s))).toBe(false)
  }
})

it('hostile 13: all providers agree on every single-bit change of a signature and its key', () => {
  const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
    bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
  for (let bit = 0; bit < 512; bit += 3) {
    expect(sameVerdict(honest.publicKey, message, flip(signature, bit))).toBe(false)
  }
  for (let bit = 0; bit < 256; bit += 3) {
    expect(sameVerdict(flip(honest.publicKey, bit), message, signature)).toBe(false)
  }
})

it('hostile 13: all providers agree on the crafted set with R, S, keys and messages exchanged', () => {
  const random = unsafeSeededRng(new Uint8Array(32).fill(13))
  const pick = (): SignedCase => MIXED[(random(4)[0] as number) % MIXED.length] as SignedCase
  for (let i = 0; i < 150; i++) {
    const [a, b] = [pick(), pick()]
    sameVerdict(a.publicKey, a.message, concatBytes(b.signature.subarray(0, 32), a.signature.subarray(32)))
    sameVerdict(b.publicKey, a.message, a.signature)
  }
})
