import { compareBytes, equalBytes, isHyphaeError, type KeyPart, type StoreKey } from '@hyphae/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterPrefix, decodeTuple, encodeTuple } from '../../src/tuple.js'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const part: fc.Arbitrary<KeyPart> = fc.oneof(text, fc.maxSafeNat(), fc.uint8Array({ maxLength: 20 }))
const tuple: fc.Arbitrary<StoreKey> = fc
  .tuple(text, fc.array(part, { maxLength: 6 }))
  .map(([table, rest]) => [table, ...rest])

test('decoding gives the key back', () => {
  fc.assert(
    fc.property(tuple, (key) => {
      expect(decodeTuple(encodeTuple(key))).toEqual(key)
    }),
  )
})

test('numbers order as they do', () => {
  fc.assert(
    fc.property(tuple, fc.maxSafeNat(), fc.maxSafeNat(), (key, a, b) => {
      const order = compareBytes(encodeTuple([...key, a]), encodeTuple([...key, b]))
      expect(Math.sign(order)).toBe(Math.sign(a - b))
    }),
  )
})

test('a key starts with its prefix, and no other key of the same depth does', () => {
  fc.assert(
    fc.property(tuple, tuple, part, (key, other, more) => {
      const prefix = encodeTuple(key)
      const inside = encodeTuple([...key, more])
      expect(compareBytes(prefix, inside)).toBeLessThan(0)
      expect(compareBytes(inside, afterPrefix(prefix))).toBeLessThan(0)
      const stranger = encodeTuple(other)
      if (other.length === key.length && !equalBytes(stranger, prefix)) {
        const outside = compareBytes(stranger, prefix) < 0 || compareBytes(stranger, afterPrefix(prefix)) >= 0
        expect(outside).toBe(true)
      }
    }),
  )
})

test('hostile 1: any bytes decode to a key that encodes to them, or are refused', () => {
  const parts = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      tuple.map((key) => encodeTuple(key)),
    ),
    { maxLength: 3 },
  )
  fc.assert(
    fc.property(parts, (pieces) => {
      const bytes = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
      try {
        expect(encodeTuple(decodeTuple(bytes))).toEqual(bytes)
      } catch (error) {
        if (!isHyphaeError(error, 'store/corrupt')) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test('hostile 1: every prefix and every flipped bit of an encoded key', () => {
  const encoded = encodeTuple(['table', 'ä', 77, Uint8Array.of(1, 2, 3)])
  for (let length = 0; length < encoded.length; length++) {
    const cut = encoded.slice(0, length)
    try {
      expect(encodeTuple(decodeTuple(cut))).toEqual(cut)
    } catch (error) {
      expect(error).toMatchObject({ code: 'store/corrupt' })
    }
  }
  for (let bit = 0; bit < 8 * encoded.length; bit++) {
    const flipped = encoded.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    try {
      expect(encodeTuple(decodeTuple(flipped))).toEqual(flipped)
    } catch (error) {
      expect(error).toMatchObject({ code: 'store/corrupt' })
    }
  }
})
