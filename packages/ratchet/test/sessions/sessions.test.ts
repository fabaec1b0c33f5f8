/** The session manager as its user sees it: begin, accept, talk, cross, lose, renew (spec/session.md, section 12). */
import { describe, expect, it } from 'vitest'
import { postQuantum } from '../../src/pq.js'
import { openSessions } from '../../src/sessions.js'
import { device } from '../support.js'
import {
  accept,
  begin,
  bundleOf,
  HOUR,
  joined,
  newNode,
  opens,
  refusal,
  restart,
  seal,
  sending,
  type TestNode,
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

describe('the manager', () => {
  it('carries application data of a handshake, and says what was made with a one-time prekey', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const bundle = await bundleOf(bob)
    const context = Uint8Array.of(1, 2, 3)
    const begun = await alice.sessions.transact((tx) =>
      alice.sessions.begin(tx, { device: 'bob', bundle, context }),
    )
    const accepted = await accept(bob, alice, begun.handshake)
    expect(accepted).toMatchObject({ context, oneTime: true, sends: true, firstContact: true, dropped: [] })
    expect(begun).toMatchObject({ sessionId: accepted.sessionId, oneTime: true, dropped: [] })
  })

  it('keeps two devices apart in one store, by prefix', async () => {
    const clock = testClock()
    const [one, bob] = [await newNode('one', clock), await newNode('bob', clock)]
    const own = device()
    const options = { ...one.options, keys: own.keys, prefix: 'second', store: one.store }
    const two: TestNode = { ...one, name: 'two', device: own, sessions: await openSessions(options) }
    for (const node of [one, two]) {
      await accept(bob, node, (await begin(node, bob, await bundleOf(bob))).handshake)
      expect(await talk(node, bob, node.name)).toBe(node.name)
    }
    expect(await talk(one, bob, 'again')).toBe('again')
  })

  it('refuses classic bundles when it is post-quantum, unless it is told otherwise', async () => {
    const clock = testClock()
    const bob = await newNode('bob', clock)
    const strict = await newNode('strict', clock, { pq: postQuantum })
    const bundle = await bundleOf(bob)
    expect(await unchanged(strict, () => refusal(begin(strict, bob, bundle)))).toBe('ratchet/downgrade')
    const lenient = await newNode('lenient', clock, { pq: postQuantum, allowClassic: true })
    await accept(bob, lenient, (await begin(lenient, bob, bundle)).handshake)
    expect(await talk(lenient, bob, 'classic')).toBe('classic')
  })

  it('refuses arguments that are out of range', async () => {
    const clock = testClock()
    const alice = await newNode('alice', clock)
    for (const maxArchived of [0, 41, 1.5]) {
      const opening = openSessions({ ...alice.options, store: alice.store, maxArchived })
      expect(await refusal(opening)).toBe('ratchet/bad-argument')
    }
    for (const name of ['', 'x'.repeat(257)]) {
      expect(await refusal(alice.sessions.need(alice.store, name))).toBe('ratchet/bad-argument')
    }
  })

  it('lists the sessions with a device, the one that sends first', async () => {
    const [alice, bob] = await joined(testClock())
    await talk(alice, bob, 'one')
    alice.clock.time += HOUR
    const second = await begin(alice, bob, await bundleOf(bob))
    await accept(bob, alice, second.handshake)
    const [first, other] = await bob.sessions.list(bob.store, 'alice')
    expect(first).toMatchObject({
      sessionId: second.sessionId,
      sends: true,
      confirmed: false,
      archivedAt: null,
    })
    expect(other).toMatchObject({ sends: false, confirmed: true, heardAt: alice.clock.time - HOUR })
    expect(other?.archivedAt).toBe(alice.clock.time)
  })
})
