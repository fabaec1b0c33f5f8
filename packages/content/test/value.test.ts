import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue } from '../src/index.js'
import { codeOf } from './support.js'

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

describe('value', () => {
  it('has the shortest form and sorted keys', () => {
    const table: readonly (readonly [unknown, string])[] = [
      [null, 'c0'],
      [false, 'c2'],
      [127, '7f'],
      [128, 'cc80'],
      [256, 'cd0100'],
      [65_536, 'ce00010000'],
      [2 ** 53 - 1, 'cf001fffffffffffff'],
      [2 ** 53, 'cb4340000000000000'],
      [-32, 'e0'],
      [-33, 'd0df'],
      [0.5, 'cb3fe0000000000000'],
      [Number.POSITIVE_INFINITY, 'cb7ff0000000000000'],
      ['é', 'a2c3a9'],
      [fromHex('00ff'), 'c40200ff'],
      [{ b: 1, a: 2, skipped: undefined }, '82a16102a16201'],
      [[[], {}], '929080'],
    ]
    for (const [value, hex] of table) expect(toHex(encodeValue(value))).toBe(hex)
  })

  it('refuses every other form of the same value', () => {
    const longer = {
      'integers with too many bytes': [
        'cc7f',
        'cd00ff',
        'ce0000ffff',
        'cf00000000ffffffff',
        'd0e0',
        'd1ff80',
      ],
      'a float that is an integer': ['cb3ff0000000000000', 'cb8000000000000000'],
      'lengths with too many bytes': [
        'd90161',
        'da000161',
        'c5000100',
        'dc000101',
        'dd0000000101',
        'de0001a16101',
      ],
      'keys out of order, or twice': ['82a16201a16102', '82a16101a16102'],
      'text that is not Unicode': ['a1ff', 'a3eda080', 'a2c080'],
      'not a number': ['cb7ff8000000000000', 'cb7ff8000000000001', 'cbfff8000000000000'],
      'a number no double holds': ['cf0020000000000001', 'd38000000000000001'],
    }
    for (const [why, forms] of Object.entries(longer))
      for (const hex of forms)
        expect(
          codeOf(() => decodeValue(fromHex(hex))),
          why,
        ).toBe('content/not-canonical')
  })

  it('refuses what is not one whole value', () => {
    for (const hex of [
      '',
      'c1',
      'ca3f800000',
      'd40000',
      'd6ff00000000',
      'c7010000',
      'a2c3',
      'c0c0',
      '91',
      '81a161',
      'cd00',
    ])
      expect(
        codeOf(() => decodeValue(fromHex(hex))),
        hex,
      ).toBe('content/malformed')
  })

  it('refuses what has no place in a message', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    class Own {}
    const values = [
      undefined,
      Number.NaN,
      1n,
      () => 1,
      Symbol('x'),
      new Date(0),
      new Map(),
      new Own(),
      [undefined],
      new Array(2),
      '\ud800',
      { '\udc00': 1 },
    ]
    for (const value of values) expect(codeOf(() => encodeValue(value))).toBe('content/unsupported-value')
    expect(codeOf(() => encodeValue(cyclic))).toBe('content/too-deep')
  })

  it('hostile 3: nesting has a limit, and a million levels cost nothing', () => {
    expect(decodeValue(encodeValue(nested(16)))).toEqual(nested(16))
    expect(codeOf(() => encodeValue(nested(17)))).toBe('content/too-deep')
    expect(codeOf(() => decodeValue(fromHex(`${'91'.repeat(17)}01`)))).toBe('content/too-deep')
    expect(codeOf(() => decodeValue(new Uint8Array(1_000_000).fill(0x91)))).toBe('content/too-deep')
    expect(codeOf(() => decodeValue(fromHex(`${'81a161'.repeat(17)}01`)))).toBe('content/too-deep')
  })

  it('counts values', () => {
    expect(decodeValue(encodeValue(new Array(8191).fill(0)))).toHaveLength(8191)
    expect(codeOf(() => encodeValue(new Array(8192).fill(0)))).toBe('content/too-many-values')
    const many = Uint8Array.of(0xdc, 0x20, 0x00, ...new Array(8192).fill(0))
    expect(codeOf(() => decodeValue(many))).toBe('content/too-many-values')
  })
})
