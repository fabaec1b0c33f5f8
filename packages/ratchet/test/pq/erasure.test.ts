import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CHUNK_BYTES,
  type Collected,
  chunksOf,
  collect,
  encodeChunks,
  NOTHING,
} from '../../src/pq/erasure.js'
import { divide, multiply } from '../../src/pq/field.js'

const LENGTHS = [64, 128, 960, 1152]

describe('field', () => {
  it('is one: products commute, distribute and can be undone', () => {
    for (let a = 0; a < 256; a++) {
      expect(multiply(a, 1)).toBe(a)
      for (let b = 1; b < 256; b += 7) {
        expect(divide(multiply(a, b), b)).toBe(a)
        expect(multiply(a, b)).toBe(multiply(b, a))
        expect(multiply(a ^ 0x53, b)).toBe(multiply(a, b) ^ multiply(0x53, b))
      }
    }
    expect(multiply(0x80, 2)).toBe(0x1d)
  })
})

describe('erasure code', () => {
  it('gives a value back from any of its chunks, as many as it has, in any order', () => {
    const input = fc.constantFrom(...LENGTHS).chain((length) =>
      fc.record({
        value: fc.uint8Array({ minLength: length, maxLength: length }),
        indices: fc.uniqueArray(fc.nat({ max: 255 }), { minLength: length / 16, maxLength: length / 16 }),
      }),
    )
    fc.assert(
      fc.property(input, ({ value, indices }) => {
        let collected: Collected = NOTHING
        for (const first of indices) {
          expect(collected.kind).toBe('partial')
          const run = { first, data: encodeChunks(value, first, 1) }
          collected = collect(collected, chunksOf(value.length), run)
          expect(collect(collected, chunksOf(value.length), run)).toBe(collected)
        }
        expect(collected).toEqual({ kind: 'whole', value })
      }),
      { numRuns: 100 },
    )
  })

  it('begins with the value itself, and runs are chunks side by side', () => {
    const value = Uint8Array.from({ length: 128 }, (_, i) => i * 7)
    expect(encodeChunks(value, 0, 8)).toEqual(value)
    const all = encodeChunks(value, 0, 256)
    for (let i = 0; i < 256; i += 5) {
      expect(encodeChunks(value, i, 1)).toEqual(all.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES))
    }
    expect(collect(NOTHING, 8, { first: 240, data: all.slice(240 * CHUNK_BYTES) })).toEqual({
      kind: 'whole',
      value,
    })
  })

  it('never mutates what it was given', () => {
    const value = new Uint8Array(64).fill(5)
    const one = collect(NOTHING, 4, { first: 9, data: encodeChunks(value, 9, 1) })
    const copy = structuredClone(one)
    collect(one, 4, { first: 1, data: encodeChunks(value, 1, 1) })
    expect(one).toEqual(copy)
    expect(NOTHING).toEqual({ kind: 'partial', indices: new Uint8Array(0), data: new Uint8Array(0) })
  })
})
