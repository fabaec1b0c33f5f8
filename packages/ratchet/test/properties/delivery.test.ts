/** Any bodies, any order of arrival. */
import { SEALED_SIZES, smallestFrame } from '@hyphae/tlv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decryptFrame, encodeSession, encryptFrame } from '../../src/index.js'
import { crypto, newPair, receive, sendMany } from '../support.js'

describe('delivery', () => {
  it('gives back any body, at any size that holds it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1976 }), fc.nat({ max: 2 }), (body, larger) => {
        const { alice, bob } = newPair()
        const least = SEALED_SIZES.indexOf(smallestFrame(body.length) ?? 2048)
        const size = SEALED_SIZES[Math.min(2, least + larger)] ?? 2048
        const { frame } = encryptFrame(crypto, alice, { body, size })
        expect(frame.length).toBe(size)
        expect(Uint8Array.from(decryptFrame(crypto, bob, frame)?.body ?? [])).toEqual(body)
      }),
      { numRuns: 100 },
    )
  })

  it('ends in the same state for every order in which the same messages arrive', () => {
    const order = fc.uniqueArray(fc.nat({ max: 29 }), { minLength: 30, maxLength: 30 })
    fc.assert(
      fc.property(order, (arrival) => {
        const pair = newPair()
        const frames = sendMany(pair, 'alice', 30)
        const straight = { ...pair }
        for (const frame of frames) receive(straight, 'bob', frame)
        for (const index of arrival) {
          expect(receive(pair, 'bob', frames[index] as Uint8Array)).toBe(`alice ${index}`)
        }
        expect(encodeSession(pair.bob)).toEqual(encodeSession(straight.bob))
      }),
      { numRuns: 50 },
    )
  })

  it('is pure: the same state and input give the same result, and the state stays', () => {
    const pair = newPair()
    const body = Buffer.from('again')
    const before = encodeSession(pair.alice)
    const one = encryptFrame(crypto, pair.alice, { body, size: 128 })
    const two = encryptFrame(crypto, pair.alice, { body, size: 128 })
    expect(two.frame).toEqual(one.frame)
    expect(encodeSession(two.session)).toEqual(encodeSession(one.session))
    expect(encodeSession(pair.alice)).toEqual(before)
    const opened = [decryptFrame(crypto, pair.bob, one.frame), decryptFrame(crypto, pair.bob, one.frame)]
    expect(opened.map((result) => result?.n)).toEqual([0, 0])
  })
})
