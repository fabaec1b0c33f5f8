/** Bodies with what they tell of turns: both come back, nothing is longer than a frame, what is malformed is refused. */
import { encodeRecords, USABLE_BYTES } from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HeardEpoch, readBody, splitContent } from '../src/body.js'

const heardEpochs: fc.Arbitrary<HeardEpoch | undefined> = fc.option(
  fc.record({
    session: fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) => Buffer.from(bytes).toString('hex')),
    epoch: fc.nat(0xffff),
  }),
  { nil: undefined },
)

describe('a body', () => {
  it('brings back its content and what it tells, and fits its frame', () => {
    fc.assert(
      fc.property(fc.nat(5000), heardEpochs, (length, heard) => {
        const content = new Uint8Array(length).fill(7)
        const bodies = splitContent(content, 1, heard)
        expect(bodies.every((body) => body.length <= USABLE_BYTES[2048])).toBe(true)
        const read = bodies.map(readBody)
        const told = heard && { session: heard.session.slice(0, 8), epoch: heard.epoch }
        for (const one of read) expect(one.heard).toEqual(told)
        const bytes = read.map((one) => (one.kind === 'content' ? one.content : one.data))
        expect(bytes.reduce((sum, part) => sum + part.length, 0)).toBe(length)
      }),
    )
  })

  it('hostile 1: is refused where what it tells is malformed, or stands elsewhere than at the end', () => {
    const content = { type: 1, value: new Uint8Array(4) }
    for (const length of [0, 5, 7, 200]) {
      const body = encodeRecords([content, { type: 128, value: new Uint8Array(length) }])
      expect(() => readBody(body)).toThrow(expect.objectContaining({ code: 'messenger/bad-body' }))
    }
    const alone = encodeRecords([{ type: 128, value: new Uint8Array(6) }])
    expect(() => readBody(alone)).toThrow(expect.objectContaining({ code: 'messenger/bad-body' }))
    const twice = [content, { type: 128, value: new Uint8Array(6) }, { type: 128, value: new Uint8Array(6) }]
    expect(() => readBody(encodeRecords(twice))).toThrow()
  })
})
