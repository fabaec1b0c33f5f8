import { defineSchema, encodeFields, encodeRecords, MAX_RECORDS, readFields, splitLast } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text } from './support.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const DEVICE = defineSchema([
  { type: 1, name: 'key', size: 4 },
  { type: 2, name: 'label', max: 3, required: false },
])
const ACCOUNT = defineSchema([
  { type: 1, name: 'id', size: 2 },
  { type: 5, name: 'device', repeat: 3, fields: DEVICE },
  { type: 9, name: 'note', min: 1, required: false },
  { type: 140, name: 'tags', repeat: 2, required: false },
])

const device = (fill: number) => ({ values: { key: new Uint8Array(4).fill(fill) }, unknown: [] })
const good = { id: bytes(1, 2), device: [device(3), device(4)], note: text(300), tags: [bytes(), bytes(8)] }

describe('fields', () => {
  it('are written in order and read back', () => {
    const encoded = encodeFields(ACCOUNT, good)
    expect(readFields(encoded, ACCOUNT)).toEqual({ values: good, unknown: [] })
    expect(encoded.slice(0, 12)).toEqual(bytes(1, 2, 1, 2, 5, 6, 1, 4, 3, 3, 3, 3))
  })

  it('may lack what is not required', () => {
    const least = { id: bytes(1, 2), device: [device(3)] }
    expect(readFields(encodeFields(ACCOUNT, least), ACCOUNT).values).toEqual(least)
    expect(encodeFields(ACCOUNT, { ...least, tags: [] })).toEqual(encodeFields(ACCOUNT, least))
  })

  it('keep unknown records that are not critical, on every level, in their places', () => {
    const inner = encodeRecords([
      { type: 1, value: text(4) },
      { type: 200, value: bytes(6) },
      { type: 200, value: bytes(7) },
    ])
    const records = [
      { type: 1, value: bytes(1, 2) },
      { type: 5, value: inner },
      { type: 130, value: bytes(5) },
      { type: 140, value: bytes() },
      { type: 254, value: text(255) },
    ]
    const input = encodeRecords(records)
    const { values, unknown } = readFields(input, ACCOUNT)
    expect(unknown).toEqual([records[2], records[4]])
    expect(values.device[0]?.unknown.map(({ type }) => type)).toEqual([200, 200])
    expect(encodeFields(ACCOUNT, values, unknown)).toEqual(input)
  })

  it('accept padding where it is asked for', () => {
    const padded = Uint8Array.from([...encodeFields(DEVICE, { key: text(4) }), 0, 0, 0])
    expect(refusal(() => readFields(padded, DEVICE))).toBe('tlv/bad-type')
    expect(readFields(padded, DEVICE, { padding: true }).values).toEqual({ key: text(4) })
  })

  it.each([
    ['a missing field', [[2, 'a']], 'tlv/missing-field'],
    ['a value too short', [[1, 'abc']], 'tlv/bad-length'],
    ['a value too long', [[1, 'abcde']], 'tlv/bad-length'],
    [
      'a value above its maximum',
      [
        [1, 'abcd'],
        [2, 'abcd'],
      ],
      'tlv/bad-length',
    ],
  ] as const)('refuse %s', (_name, records, code) => {
    const input = encodeRecords(records.map(([type, value]) => ({ type, value: Buffer.from(value) })))
    expect(refusal(() => readFields(input, DEVICE))).toBe(code)
  })

  it('refuse a value below its minimum and a nested structure that is broken', () => {
    const start = encodeFields(ACCOUNT, { id: bytes(1, 2), device: [device(3)] })
    expect(refusal(() => readFields(Uint8Array.from([...start, 9, 0]), ACCOUNT))).toBe('tlv/bad-length')
    const broken = encodeRecords([
      { type: 1, value: bytes(1, 2) },
      { type: 5, value: bytes(1) },
    ])
    expect(refusal(() => readFields(broken, ACCOUNT))).toBe('tlv/truncated')
  })

  it('are refused by the encoder as by the decoder', () => {
    const encode = (wrong: object): string => refusal(() => encodeFields(ACCOUNT, { ...good, ...wrong }))
    expect(encode({ id: bytes(1) })).toBe('tlv/bad-length')
    expect(encode({ id: undefined })).toBe('tlv/missing-field')
    expect(encode({ device: [] })).toBe('tlv/missing-field')
    expect(encode({ device: [1, 2, 3, 4].map(device) })).toBe('tlv/duplicate-field')
    expect(encode({ note: bytes() })).toBe('tlv/bad-length')
    const unknown = (...types: number[]): string =>
      refusal(() =>
        encodeFields(
          ACCOUNT,
          good,
          types.map((type) => ({ type, value: bytes() })),
        ),
      )
    expect(unknown(3)).toBe('tlv/unknown-critical')
    expect(unknown(140)).toBe('tlv/unknown-critical')
    expect(unknown(201, 200)).toBe('tlv/wrong-order')
    expect(unknown(255)).toBe('tlv/bad-type')
    expect(unknown(...Array.from({ length: MAX_RECORDS }, () => 200))).toBe('tlv/too-many-records')
  })

  it('are at most MAX_RECORDS', () => {
    const input = new Uint8Array(2 * (MAX_RECORDS + 1)).map((_, i) => (i % 2 === 0 ? 200 : 0))
    const empty = defineSchema([])
    expect(readFields(input.subarray(2), empty).unknown.length).toBe(MAX_RECORDS)
    expect(refusal(() => readFields(input, empty))).toBe('tlv/too-many-records')
  })
})

describe('defineSchema', () => {
  const field = { type: 1, name: 'a' }
  it.each([
    ['types that do not ascend', [field, { type: 1, name: 'b' }]],
    ['a name twice', [field, { type: 2, name: 'a' }]],
    ['a name that objects have', [{ type: 1, name: 'constructor' }]],
    ['type 0', [{ type: 0, name: 'a' }]],
    ['type 255', [{ type: 255, name: 'a' }]],
    ['a type that is no number', [{ type: Number.NaN, name: 'a' }]],
    ['size with max', [{ ...field, size: 1, max: 2 }]],
    ['min above max', [{ ...field, min: 3, max: 2 }]],
    ['a size no record has', [{ ...field, size: 65_536 }]],
    ['a negative size', [{ ...field, size: -1 }]],
    ['no repetition', [{ ...field, repeat: 0 }]],
    ['more repetitions than records', [{ ...field, repeat: MAX_RECORDS + 1 }]],
  ])('refuses %s', (_name, fields) => {
    expect(refusal(() => defineSchema(fields))).toBe('tlv/bad-layout')
  })

  it('gives a frozen schema that knows its depth', () => {
    expect([DEVICE.depth, ACCOUNT.depth]).toEqual([1, 2])
    expect([Object.isFrozen(ACCOUNT), Object.isFrozen(ACCOUNT.fields)]).toEqual([true, true])
  })
})

describe('splitLast', () => {
  const input = encodeRecords([
    { type: 1, value: bytes(1) },
    { type: 64, value: text(64) },
  ])

  it('separates what is signed from the signature', () => {
    expect(splitLast(input, 64)).toEqual({ signed: bytes(1, 1, 1), value: text(64) })
  })

  it('refuses another last record, none, too many and trailing bytes', () => {
    expect(refusal(() => splitLast(input, 63))).toBe('tlv/missing-field')
    expect(refusal(() => splitLast(bytes(), 64))).toBe('tlv/missing-field')
    expect(refusal(() => splitLast(Uint8Array.from([...input, 0]), 64))).toBe('tlv/truncated')
    const many = new Uint8Array(2 * (MAX_RECORDS + 1)).map((_, i) => (i % 2 === 0 ? 64 : 0))
    expect(refusal(() => splitLast(many, 64))).toBe('tlv/too-many-records')
  })
})
