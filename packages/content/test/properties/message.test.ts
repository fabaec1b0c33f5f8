import { compareBytes, equalBytes } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accepts, target } from '../../fuzz/message.js'
import {
  cleanFileName,
  type DecodedMessage,
  decodeMessage,
  decodeValue,
  encodeMessage,
  encodeValue,
  MAX_SENT_AT,
} from '../../src/index.js'
import { codeOf, envelope, head, id, registry } from '../support.js'

const ids = fc.uniqueArray(fc.integer({ min: 0, max: 255 }).map(id), { minLength: 1, maxLength: 17 })
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const body = fc.oneof(
  fc.record({
    type: fc.constant('text'),
    body: fc.oneof(
      fc.record({ text: fc.string({ unit: 'grapheme' }) }),
      fc.record({ text: fc.string(), replyTo: fc.constant(id(3)) }),
    ),
  }),
  fc.record({
    type: fc.constant('receipt'),
    body: fc.record({ kind: fc.constantFrom('delivered', 'read'), ids }),
  }),
  fc.record({
    type: fc.constant('file'),
    body: fc.record({
      name: fc.string().map(cleanFileName),
      mediaType: fc.constant('text/plain'),
      size: fc.nat(),
      root: bytes32,
      key: bytes32,
      manifest: bytes32,
      count: fc.nat({ max: 32_768 }),
    }),
  }),
)
const message = fc
  .tuple(body, ids, fc.integer({ min: 0, max: MAX_SENT_AT }))
  .map(
    ([typed, [first, ...parents], sentAt]) =>
      ({ ...typed, id: first ?? id(0), parents, sentAt }) as DecodedMessage,
  )
  .filter(
    (candidate) => !('body' in candidate) || codeOf(() => encodeMessage(registry, candidate)) === 'no error',
  )

/** Anything that JSON knows, with bytes. */
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.double(),
    fc.integer(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 20 }), tie('value'), { maxKeys: 5 }),
  ),
})).value

/** Well-formed pieces in wrong places find more than noise does. */
const nearly = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 5 }), value),
    fc.oneof(
      ids.map((some) => head(...some)),
      fc.uint8Array(),
    ),
    value,
  )
  .filter(([type, , wire]) => codeOf(() => [encodeValue(type), encodeValue(wire)]) === 'no error')
  .map(([type, headBytes, wire]) => envelope(type, headBytes, encodeValue(wire)))

describe('message, properties', () => {
  it('decodes what it encoded, and encodes it the same', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const encoded = encodeMessage(registry, sent)
        const received = decodeMessage(registry, encoded)
        expect(received).toEqual(sent)
        expect(equalBytes(encodeMessage(registry, received), encoded)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('carries every value there and back, and tells different ones apart', () => {
    const carried = value.filter((candidate) => codeOf(() => encodeValue(candidate)) === 'no error')
    fc.assert(
      fc.property(carried, carried, (a, b) => {
        // -0 is an integer to MessagePack, which has only one zero.
        const back = decodeValue(encodeValue(a))
        expect(compareBytes(encodeValue(back), encodeValue(a))).toBe(0)
        if (equalBytes(encodeValue(a), encodeValue(b))) expect(back).toEqual(decodeValue(encodeValue(b)))
      }),
      { numRuns: 300 },
    )
  })

  it('hostile 1: refuses every prefix', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const encoded = encodeMessage(registry, sent)
        for (let length = 0; length < encoded.length; length++)
          expect(accepts(target, encoded.subarray(0, length))).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('hostile 1: takes every bit flip as another message or refuses it with a typed error', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const encoded = encodeMessage(registry, sent)
        for (let bit = 0; bit < 8 * encoded.length; bit++) {
          encoded[bit >> 3] = (encoded[bit >> 3] as number) ^ (1 << (bit & 7))
          accepts(target, encoded)
          encoded[bit >> 3] = (encoded[bit >> 3] as number) ^ (1 << (bit & 7))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('hostile 1: trailing bytes are refused', () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ minLength: 1 }), (sent, more) => {
        const encoded = encodeMessage(registry, sent)
        const longer = new Uint8Array(encoded.length + more.length)
        longer.set(encoded)
        longer.set(more, encoded.length)
        expect(accepts(target, longer)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it('throws typed errors only, on noise and on pieces in wrong places', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), nearly), (input) => {
        accepts(target, input)
      }),
      { numRuns: 2000 },
    )
  })
})
