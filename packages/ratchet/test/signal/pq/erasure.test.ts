import { equalBytes } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Chunk,
  chunkAt,
  decoderOf,
  encoderOf,
  nextChunk,
  takeChunk,
} from '../../../src/signal/pq/erasure.js'
import { divide, multiply } from '../../../src/signal/pq/field.js'

const element = fc.nat({ max: 0xffff })
const nonZero = fc.integer({ min: 1, max: 0xffff })

/** Carry-less product, bit by bit: the readable twin of the tables. */
function slowMultiply(a: number, b: number): number {
  let product = 0
  for (let bit = 15; bit >= 0; bit--) {
    product <<= 1
    if (product > 0xffff) product ^= 0x1100b
    if ((b >> bit) & 1) product ^= a
  }
  return product
}

describe('GF(2¹⁶)', () => {
  it('multiplies as polynomials modulo 0x1100b', () => {
    fc.assert(fc.property(element, element, (a, b) => multiply(a, b) === slowMultiply(a, b)))
  })

  it('divides: the quotient times the divisor is the dividend', () => {
    fc.assert(fc.property(element, nonZero, (a, b) => multiply(divide(a, b), b) === a))
  })

  it('is distributive', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        return multiply(a, b ^ c) === (multiply(a, b) ^ multiply(a, c))
      }),
    )
  })
})

/** A value of 1 to 36 chunks, as the braid's values are. */
const value = fc
  .integer({ min: 1, max: 36 })
  .chain((chunks) => fc.uint8Array({ minLength: chunks * 32, maxLength: chunks * 32 }))

function decode(bytes: number, chunks: readonly Chunk[]): Uint8Array | null {
  let decoder = decoderOf(bytes)
  let found: Uint8Array | null = null
  for (const chunk of chunks) {
    const taken = takeChunk(decoder, chunk)
    decoder = taken.decoder
    found ??= taken.value
  }
  return found
}

describe('erasure code', () => {
  it('is systematic: the first chunks are the value itself', () => {
    fc.assert(
      fc.property(value, (bytes) => {
        let encoder = encoderOf(bytes)
        for (let i = 0; i * 32 < bytes.length; i++) {
          const { chunk, encoder: after } = nextChunk(encoder)
          expect(chunk).toEqual({ index: i, data: bytes.slice(32 * i, 32 * i + 32) })
          encoder = after
        }
      }),
      { numRuns: 20 },
    )
  })

  it('gives the value back from any N different chunks, in any order', () => {
    fc.assert(
      fc.property(
        value.chain((bytes) => {
          const count = bytes.length / 32
          const indices = fc.uniqueArray(fc.oneof(fc.nat({ max: 80 }), element), {
            minLength: count,
            maxLength: count,
          })
          return fc.tuple(fc.constant(bytes), indices)
        }),
        ([bytes, indices]) => {
          const chunks = indices.map((index) => ({ index, data: chunkAt(bytes, index) }))
          expect(decode(bytes.length, chunks)).toEqual(bytes)
          expect(decode(bytes.length, chunks.slice(1))).toBe(null)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('counts a repeated chunk once', () => {
    const bytes = new Uint8Array(96).map((_, i) => i)
    const chunk = { index: 5, data: chunkAt(bytes, 5) }
    expect(decode(96, [chunk, chunk, chunk, chunk])).toBe(null)
    const { decoder } = takeChunk(decoderOf(96), chunk)
    expect(takeChunk(decoder, chunk).decoder).toBe(decoder)
  })

  it('lets a false chunk spoil the value, which its user must notice', () => {
    const bytes = new Uint8Array(96).map((_, i) => i)
    const [a, b] = [4, 1].map((index) => ({ index, data: chunkAt(bytes, index) })) as [Chunk, Chunk]
    const wrong = { index: 2, data: new Uint8Array(32).fill(1) }
    const spoilt = decode(96, [a, b, wrong]) as Uint8Array
    expect(equalBytes(spoilt, bytes)).toBe(false)
  })

  it('begins anew after the last index', () => {
    const bytes = new Uint8Array(64).fill(3)
    const { chunk, encoder } = nextChunk({ value: bytes, next: 0xffff })
    expect([chunk.index, encoder.next]).toEqual([0xffff, 0])
  })
})
