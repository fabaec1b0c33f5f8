import { describe, expect, it } from 'vitest'
import { compareBytes, concatBytes, equalBytes, fromHex, fromUtf8, toHex, utf8 } from '../src/index.js'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('concatBytes', () => {
  it('joins parts in order, empty ones included', () => {
    expect(concatBytes(bytes(1, 2), bytes(), bytes(3))).toEqual(bytes(1, 2, 3))
    expect(concatBytes()).toEqual(bytes())
  })

  it('returns bytes of its own', () => {
    const part = bytes(1, 2)
    const joined = concatBytes(part)
    joined[0] = 9
    expect(part).toEqual(bytes(1, 2))
  })

  it('reads a view from its own offset', () => {
    expect(concatBytes(bytes(0, 1, 2, 3).subarray(1, 3))).toEqual(bytes(1, 2))
  })
})

describe('equalBytes', () => {
  it.each([
    [bytes(), bytes(), true],
    [bytes(1, 2), bytes(1, 2), true],
    [bytes(1, 2), bytes(1, 3), false],
    [bytes(1, 2), bytes(1, 2, 0), false],
    [bytes(0), bytes(), false],
  ])('%s, %s: %s', (a, b, equal) => {
    expect(equalBytes(a, b)).toBe(equal)
  })
})

describe('compareBytes', () => {
  it('orders by the first difference, unsigned, and puts a prefix first', () => {
    const unordered = [bytes(0x80), bytes(1, 0), bytes(), bytes(1), bytes(0x7f, 0xff)]
    expect(unordered.sort(compareBytes).map(toHex)).toEqual(['', '01', '0100', '7fff', '80'])
  })

  it('is 0 for equal bytes', () => {
    expect(compareBytes(bytes(4, 5), bytes(4, 5))).toBe(0)
  })
})

describe('hexadecimal', () => {
  it('writes two lower-case digits a byte', () => {
    expect(toHex(bytes(0, 1, 0xab, 0xff))).toBe('0001abff')
  })

  it('reads either case', () => {
    expect(fromHex('00aBFf')).toEqual(bytes(0, 0xab, 0xff))
    expect(fromHex('')).toEqual(bytes())
  })

  it.each(['0', 'zz', '0x', ' 00', '00\n', '٠٠', '-1', '1 '])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'core/bad-hex' }))
  })
})

describe('UTF-8', () => {
  it('keeps a byte order mark', () => {
    expect(fromUtf8(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  })

  it.each([
    ['a lone continuation byte', bytes(0x80)],
    ['a truncated sequence', bytes(0xe2, 0x82)],
    ['an overlong form', bytes(0xc0, 0x80)],
    ['a surrogate half', bytes(0xed, 0xa0, 0x80)],
    ['a value beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80)],
  ])('refuses %s', (_what, input) => {
    expect(() => fromUtf8(input)).toThrow(expect.objectContaining({ code: 'core/bad-utf8' }))
  })

  it('encodes what it decodes', () => {
    expect(fromUtf8(utf8('ohé 🍄'))).toBe('ohé 🍄')
  })
})
