import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  fromUtf8,
  isHyphaeError,
  toHex,
  utf8,
} from '../../src/index.js'

const bytes = fc.uint8Array({ maxLength: 64 })

it('hexadecimal is the same as Node writes it, and back', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      expect(toHex(input)).toBe(Buffer.from(input).toString('hex'))
      expect(fromHex(toHex(input).toUpperCase())).toEqual(input)
    }),
  )
})

it('any text is hexadecimal or a typed error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        expect(toHex(fromHex(text))).toBe(text.toLowerCase())
      } catch (error) {
        expect(isHyphaeError(error, 'core/bad-hex')).toBe(true)
      }
    }),
  )
})

it('hostile 1: any bytes are UTF-8 that encodes to the same bytes, or a typed error', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        expect(utf8(fromUtf8(input))).toEqual(input)
      } catch (error) {
        expect(isHyphaeError(error, 'core/bad-utf8')).toBe(true)
      }
    }),
  )
})

it('compareBytes is the order of Buffer.compare, and 0 exactly where equalBytes is true', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
      expect(compareBytes(a, b) === 0).toBe(equalBytes(a, b))
    }),
  )
})

it('concatBytes keeps every byte of every part', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (parts) => {
      expect(toHex(concatBytes(...parts))).toBe(parts.map(toHex).join(''))
    }),
  )
})
