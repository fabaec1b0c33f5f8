import { concatBytes, equalBytes } from '@hyphae/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePqMessage, encodePqMessage, type PqMessage } from '../../../src/signal/pq/message.js'
import { codeOf } from '../support.js'

const BAD = 'ratchet/signal-bad-post-quantum'
const number = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 0xff_ff_ff_fe }))
const chunk = fc.record({
  index: fc.nat({ max: 0xffff }),
  data: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})
const payload = fc.oneof(
  fc.record({ kind: fc.constantFrom('none' as const, 'ct1-ack' as const) }),
  fc.record({ kind: fc.constantFrom('header', 'ek', 'ek-ct1-ack', 'ct1', 'ct2' as const), chunk }),
)
const messages = fc.record({ epoch: number, index: number, payload }) as fc.Arbitrary<PqMessage>

describe('messages of the post-quantum ratchet', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodePqMessage(encodePqMessage(message))).toEqual(message)
      }),
    )
  })

  it('have the layout of the specification', () => {
    const data = new Uint8Array(32).fill(0xaa)
    const message = { epoch: 300, index: 5, payload: { kind: 'ct2' as const, chunk: { index: 200, data } } }
    expect(encodePqMessage(message)).toEqual(concatBytes(Uint8Array.of(1, 0xac, 2, 5, 6, 0xc8, 1), data))
  })

  it('hostile 1: every prefix and every trailing byte is refused; what is read is canonical', () => {
    fc.assert(
      fc.property(messages, fc.nat({ max: 60 }), fc.nat({ max: 255 }), (message, at, value) => {
        const bytes = encodePqMessage(message)
        for (let end = 1; end < bytes.length; end++) {
          expect(codeOf(() => decodePqMessage(bytes.subarray(0, end)))).toBe(BAD)
        }
        expect(codeOf(() => decodePqMessage(concatBytes(bytes, Uint8Array.of(0))))).toBe(BAD)
        const changed = Uint8Array.from(bytes)
        if (at > 0 && at < changed.length) changed[at] = value
        const code = codeOf(() => {
          expect(equalBytes(encodePqMessage(decodePqMessage(changed)), changed)).toBe(true)
        })
        expect([undefined, BAD]).toContain(code)
      }),
    )
  })

  it('hostile 20: no version but 1 is spoken', () => {
    const bytes = encodePqMessage({ epoch: 1, index: 1, payload: { kind: 'none' } })
    for (let version = 0; version < 256; version++) {
      bytes[0] = version
      const expected = version === 1 ? undefined : 'ratchet/signal-unsupported-version'
      expect(codeOf(() => decodePqMessage(bytes))).toBe(expected)
    }
    expect(codeOf(() => decodePqMessage(new Uint8Array(0)))).toBe('ratchet/signal-unsupported-version')
  })

  it('numbers begin at 1, are minimal and bounded; types end at 6', () => {
    const bad: readonly number[][] = [
      [1, 0, 1, 0],
      [1, 1, 0, 0],
      [1, 0x81, 0x00, 1, 0],
      [1, 1, 1, 7],
      [1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1, 0],
      [1, 1, 255, 255, 255, 255, 31, 0],
      [1, 1, 1, 1, 0x80, 0x80, 4, ...new Array<number>(32).fill(0)],
    ]
    for (const bytes of bad) expect(codeOf(() => decodePqMessage(Uint8Array.from(bytes)))).toBe(BAD)
  })
})
