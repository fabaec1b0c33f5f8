import {
  encodeRecords,
  isCritical,
  MAX_RECORDS,
  MAX_VALUE_BYTES,
  readRecords,
  recordCursor,
  recordLength,
  writeRecord,
} from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text } from './support.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('records', () => {
  it('are type, length and value', () => {
    const records = [
      { type: 1, value: bytes(9, 8, 7) },
      { type: 200, value: bytes() },
    ]
    expect(encodeRecords(records)).toEqual(bytes(1, 3, 9, 8, 7, 200, 0))
    expect(readRecords(bytes(1, 3, 9, 8, 7, 200, 0))).toEqual(records)
    expect(readRecords(bytes())).toEqual([])
  })

  it('take the extended form above 254 bytes, and only there', () => {
    expect(encodeRecords([{ type: 7, value: text(254) }]).slice(0, 2)).toEqual(bytes(7, 254))
    expect(encodeRecords([{ type: 7, value: text(255) }]).slice(0, 5)).toEqual(bytes(255, 0, 7, 255, 0))
    expect([0, 254, 255, MAX_VALUE_BYTES].map(recordLength)).toEqual([2, 256, 260, MAX_VALUE_BYTES + 5])
    const longest = [{ type: 254, value: text(MAX_VALUE_BYTES) }]
    expect(readRecords(encodeRecords(longest))).toEqual(longest)
  })

  it('come as views into the input, also out of a Node Buffer', () => {
    const input = Buffer.from([5, 2, 1, 2])
    const { value } = readRecords(input)[0]!
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
    expect(value.buffer).toBe(input.buffer)
    input[2] = 77
    expect(value[0]).toBe(77)
  })

  it('are critical below 128', () => {
    expect([1, 127, 128, 254].map(isCritical)).toEqual([true, true, false, false])
  })

  it.each([
    ['a header cut short', [1], 'tlv/truncated'],
    ['a value cut short', [1, 2, 3], 'tlv/truncated'],
    ['an extended header cut short', [255, 0, 1, 0], 'tlv/truncated'],
    ['an extended value cut short', [255, 0, 1, 255, 0, 1, 2, 3], 'tlv/truncated'],
    ['type 0', [0, 0], 'tlv/bad-type'],
    ['extended type 0', [255, 0, 0, 255, 0, ...text(255)], 'tlv/bad-type'],
    ['extended type 255', [255, 0, 255, 255, 0, ...text(255)], 'tlv/bad-type'],
    ['length byte 255', [1, 255, ...text(255)], 'tlv/not-canonical'],
    ['a short value in the extended form', [255, 0, 1, 254, 0, ...text(254)], 'tlv/not-canonical'],
    ['an escape that is not followed by zero', [255, 1, 1, 255, 0, ...text(255)], 'tlv/not-canonical'],
    ['zero bytes after the last record', [1, 0, 0, 0, 0], 'tlv/bad-type'],
    ['one byte after the last record', [1, 0, 9], 'tlv/truncated'],
  ])('refuse %s', (_name, input, code) => {
    expect(refusal(() => readRecords(Uint8Array.from(input)))).toBe(code)
  })

  it('accept zero padding where it is asked for, and nothing but zero', () => {
    const padded = bytes(1, 1, 5, 0, 0, 0)
    expect(readRecords(padded, { padding: true })).toEqual([{ type: 1, value: bytes(5) }])
    expect(readRecords(bytes(0), { padding: true })).toEqual([])
    for (let i = 4; i < 6; i++) {
      const dirty = Uint8Array.from(padded)
      dirty[i] = 1
      expect(refusal(() => readRecords(dirty, { padding: true }))).toBe('tlv/bad-padding')
    }
  })

  it('are at most as many as the limit', () => {
    const input = new Uint8Array(2 * (MAX_RECORDS + 1)).map((_, i) => (i % 2 === 0 ? 3 : 0))
    expect(readRecords(input.subarray(2)).length).toBe(MAX_RECORDS)
    expect(refusal(() => readRecords(input))).toBe('tlv/too-many-records')
    expect(readRecords(input.subarray(0, 4), { maxRecords: 2 }).length).toBe(2)
    expect(refusal(() => readRecords(input.subarray(0, 6), { maxRecords: 2 }))).toBe('tlv/too-many-records')
  })
})

describe('writeRecord', () => {
  it('returns the offset after the record', () => {
    const out = new Uint8Array(8)
    expect(writeRecord(out, 1, 9, bytes(1, 2))).toBe(5)
    expect(out).toEqual(bytes(0, 9, 2, 1, 2, 0, 0, 0))
  })

  it('writes nothing that does not fit', () => {
    const out = new Uint8Array(4).fill(7)
    expect(refusal(() => writeRecord(out, 0, 1, bytes(1, 2, 3)))).toBe('tlv/bad-length')
    expect(refusal(() => writeRecord(out, 3, 1, bytes()))).toBe('tlv/bad-length')
    expect(refusal(() => writeRecord(out, 0, 1, new Uint8Array(MAX_VALUE_BYTES + 1)))).toBe('tlv/bad-length')
    for (const wrong of [0, 255, 256, -1, 1.5, Number.NaN]) {
      expect(refusal(() => writeRecord(out, 0, wrong, bytes()))).toBe('tlv/bad-type')
    }
    expect(out).toEqual(new Uint8Array(4).fill(7))
    for (const wrong of [-1, 1.5, Number.NaN])
      expect(refusal(() => recordLength(wrong))).toBe('tlv/bad-length')
  })
})

describe('recordCursor', () => {
  it('walks without an object a record, and starts again', () => {
    const cursor = recordCursor(bytes(1, 1, 5, 2, 0))
    const seen = (): number[] => [cursor.type, cursor.offset, cursor.start, cursor.end]
    for (let round = 0; round < 2; round++) {
      expect(cursor.next()).toBe(true)
      expect(seen()).toEqual([1, 0, 2, 3])
      expect(cursor.next()).toBe(true)
      expect(seen()).toEqual([2, 3, 5, 5])
      expect([cursor.next(), cursor.next()]).toEqual([false, false])
      cursor.reset()
    }
    cursor.reset(bytes(3, 1, 9))
    expect(cursor.next()).toBe(true)
    expect(seen()).toEqual([3, 0, 2, 3])
  })

  it.each([
    ['a bad type', [0, 1, 9, 3, 0]],
    ['a missing value', [3, 9, 1]],
    ['a long length', [3, 255]],
  ])('stays where it stands at %s', (_name, rest) => {
    const cursor = recordCursor(Uint8Array.from([1, 1, 5, ...rest]))
    cursor.next()
    const code = refusal(() => cursor.next())
    expect([cursor.type, cursor.offset, cursor.start, cursor.end]).toEqual([1, 0, 2, 3])
    expect(refusal(() => cursor.next())).toBe(code)
  })
})
