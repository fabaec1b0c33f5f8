import { defaultCrypto as crypto } from '@hyphae/crypto'
import { virtualClock } from '@hyphae/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIdFilter } from '../../src/engine/ids.js'

const PERIOD = 7 * 86_400_000
const pair = (): [Uint8Array, Uint8Array] => [crypto.randomBytes(32), crypto.randomBytes(16)]

describe('the filter of ids', () => {
  it('rules nothing out before it is filled', () => {
    const ids = createIdFilter(virtualClock(), PERIOD)
    expect(ids.maybe(...pair())).toBe(true)
    ids.filled()
    expect(ids.maybe(...pair())).toBe(false)
  })

  it('never rules out what was added, whatever the bytes', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes(32), bytes(16)), { minLength: 1, maxLength: 50 }), (pairs) => {
        const ids = createIdFilter(virtualClock(), PERIOD)
        ids.filled()
        for (const [box, id] of pairs) ids.add(box, id)
        for (const [box, id] of pairs) expect(ids.maybe(box, id)).toBe(true)
      }),
    )
  })

  it('rules out nearly all that is new, also the same id in another box, when it has grown', () => {
    const ids = createIdFilter(virtualClock(), PERIOD)
    ids.filled()
    const added = Array.from({ length: 200_000 }, pair)
    for (const [box, id] of added) ids.add(box, id)
    expect(added.every(([box, id]) => ids.maybe(box, id))).toBe(true)
    const strangers = added.filter(([, id]) => ids.maybe(crypto.randomBytes(32), id))
    expect(strangers.length).toBeLessThan(added.length / 200)
  })

  it('forgets what is two periods old, and nothing that is younger than one', async () => {
    const clock = virtualClock()
    const ids = createIdFilter(clock, PERIOD)
    ids.filled()
    const [first, second, third] = [pair(), pair(), pair()]
    ids.add(...first)
    await clock.advance(PERIOD)
    ids.add(...second)
    expect(ids.maybe(...first)).toBe(true)
    await clock.advance(PERIOD)
    ids.add(...third)
    expect(ids.maybe(...second)).toBe(true)
    expect(ids.maybe(...first)).toBe(false)
  })
})
