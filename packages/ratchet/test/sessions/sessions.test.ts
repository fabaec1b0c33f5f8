/** The session manager as its user sees it: begin, accept, talk, cross, lose, renew (spec/session.md, section 12). */
import { describe, expect, it } from 'vitest'
import { postQuantum } from '../../src/pq.js'
import {
  accept,
  begin,
  bundleOf,
  joined,
  newNode,
  opens,
  refusal,
  restart,
  seal,
  sending,
  talk,
  testClock,
  unchanged,
} from './support.js'

describe('two devices', () => {
  it('talk, over restarts of both', async () => {
    const [alice, bob] = await joined(testClock())
    for (let round = 0; round < 5; round++) {
      expect(await talk(alice, bob, `to bob ${round}`)).toBe(`to bob ${round}`)
      expect(await talk(bob, alice, `to alice ${round}`)).toBe(`to alice ${round}`)
      await restart(alice)
      await restart(bob)
    }
  })

  it('talk in post-quantum sessions', async () => {
    const [alice, bob] = await joined(testClock(), () => ({ pq: postQuantum }))
    expect(await talk(alice, bob, 'one')).toBe('one')
    await restart(bob)
    expect(await talk(bob, alice, 'two')).toBe('two')
    expect(await talk(alice, bob, 'three')).toBe('three')
  })

  it('hostile 8: a frame opens once, also after a restart, and a second time changes nothing', async () => {
    const [alice, bob] = await joined(testClock())
    const { frame } = await seal(alice, bob, 'once')
    expect(await opens(bob, frame)).toBe('once')
    expect(await unchanged(bob, () => opens(bob, frame))).toBeNull()
    await restart(bob)
    expect(await unchanged(bob, () => opens(bob, frame))).toBeNull()
  })

  it('hostile 17: two initiations that cross end in one session', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const fromAlice = await begin(alice, bob, await bundleOf(bob))
    const fromBob = await begin(bob, alice, await bundleOf(alice))
    const [one, two] = [await seal(alice, bob, 'one'), await seal(bob, alice, 'two')]
    await accept(bob, alice, fromAlice.handshake)
    await accept(alice, bob, fromBob.handshake)
    expect(await opens(bob, one.frame)).toBe('one')
    expect(await opens(alice, two.frame)).toBe('two')
    expect(await sending(alice, bob)).toBe(await sending(bob, alice))
    expect(await talk(alice, bob, 'three')).toBe('three')
    expect(await talk(bob, alice, 'four')).toBe('four')
    expect(await sending(alice, bob)).toBe(await sending(bob, alice))
  })

  it('a device without a session cannot be sent to', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    expect(await refusal(seal(alice, bob, 'x'))).toBe('ratchet/no-session')
    expect(await alice.sessions.need(alice.store, 'bob')).toMatchObject({
      kind: 'session',
      reason: 'none',
      canSend: false,
    })
  })
})
