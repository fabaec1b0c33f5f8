import { encodeRecords, MAX_DEPTH, MAX_RECORDS, readTree } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text } from './support.js'

const nested = new Set([3])

describe('readTree', () => {
  it('reads the values of nested types as records, and no others', () => {
    const leaf = { type: 4, value: text(3) }
    const inner = encodeRecords([leaf])
    const input = encodeRecords([
      { type: 3, value: inner },
      { type: 5, value: inner },
    ])
    expect(readTree(input, { nested })).toEqual([
      { type: 3, value: inner, children: [leaf] },
      { type: 5, value: inner },
    ])
    expect(readTree(new Uint8Array(0), { nested })).toEqual([])
  })

  it('bounds the records of all levels together', () => {
    const pair = encodeRecords([
      { type: 4, value: text(0) },
      { type: 4, value: text(0) },
    ])
    const input = encodeRecords([{ type: 3, value: pair }])
    expect(readTree(input, { nested, maxRecords: 3 }).length).toBe(1)
    expect(refusal(() => readTree(input, { nested, maxRecords: 2 }))).toBe('tlv/too-many-records')
    const many = encodeRecords(
      Array.from({ length: 3 }, () => ({
        type: 3,
        value: new Uint8Array(2 * (MAX_RECORDS / 2)).map((_, i) => (i % 2 === 0 ? 4 : 0)),
      })),
    )
    expect(refusal(() => readTree(many, { nested }))).toBe('tlv/too-many-records')
  })

  it('hostile 3: bounds the depth', () => {
    let input: Uint8Array = new Uint8Array(0)
    for (let i = 0; i < 3; i++) input = encodeRecords([{ type: 3, value: input }])
    // Three records around nothing: the innermost value is a fourth, empty level.
    expect(readTree(input, { nested, maxDepth: 4 }).length).toBe(1)
    expect(refusal(() => readTree(input, { nested, maxDepth: 3 }))).toBe('tlv/too-deep')
    expect(MAX_DEPTH).toBe(8)
  })
})
