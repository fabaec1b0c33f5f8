/** Which session sends, when it is given up, and how often (spec/session.md, sections 12 and 13). */
import { describe, expect, it } from 'vitest'
import { follow, winsOver } from '../../src/sessions/choice.js'
import { newPeer, type PeerRow } from '../../src/sessions/peer-row.js'
import { ACCEPT_BURST, type Begun, type Encrypted, MAX_ARCHIVED_SESSIONS } from '../../src/sessions.js'
import {
  accept,
  begin,
  bundleOf,
  DAY,
  HOUR,
  joined,
  newNode,
  open,
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

const SMALL = '00'.repeat(16)
const LARGE = 'ff'.repeat(16)
const peerAt = (current: string | null): PeerRow => ({
  ...newPeer({ signing: new Uint8Array(32), agreement: new Uint8Array(32) }),
  current,
})

async function strangers(): Promise<[TestNode, TestNode]> {
  const clock = testClock()
  return [await newNode('alice', clock), await newNode('bob', clock)]
}

const needs = (node: TestNode, peer: TestNode): ReturnType<TestNode['sessions']['need']> =>
  node.sessions.need(node.store, peer.name)

describe('rule 1, follow the peer', () => {
  it('moves to a smaller id at once, to a larger one at the second message in a row', () => {
    expect(follow(peerAt(LARGE), SMALL)).toMatchObject({ current: SMALL, elsewhere: 0 })
    const once = follow(peerAt(SMALL), LARGE)
    expect(once).toMatchObject({ current: SMALL, elsewhere: 1 })
    expect(follow(once, LARGE)).toMatchObject({ current: LARGE, elsewhere: 0 })
    expect(follow(follow(once, SMALL), LARGE)).toMatchObject({ current: SMALL, elsewhere: 1 })
    expect(follow(peerAt(null), LARGE)).toMatchObject({ current: LARGE })
  })

  it('leaves a session whose handshake was lost, when the peer writes in the one before', async () => {
    const [alice, bob] = await joined(testClock())
    expect(await talk(alice, bob, 'one')).toBe('one')
    expect(await talk(bob, alice, 'two')).toBe('two')
    const shared = await sending(bob, alice)
    alice.clock.time += HOUR
    const lost = await begin(alice, bob, await bundleOf(bob))
    expect(await sending(alice, bob)).toBe(lost.sessionId)
    const moves: (boolean | undefined)[] = []
    for (const text of ['three', 'four'])
      moves.push((await open(alice, (await seal(bob, alice, text)).frame))?.moved)
    expect(moves).toContain(true)
    expect(await sending(alice, bob)).toBe(shared)
    expect(await talk(alice, bob, 'five')).toBe('five')
  })

  it('says when a session has settled: the first message in it, or the move to it', async () => {
    const [alice, bob] = await joined(testClock())
    const first = await open(bob, (await seal(alice, bob, 'one')).frame)
    const second = await open(bob, (await seal(alice, bob, 'two')).frame)
    expect([first?.settled, second?.settled]).toEqual([true, false])
  })
})

describe('rule 2, give up what is not answered', () => {
  it('two sends that waited an hour; not one, and not two that were just sent', async () => {
    const [alice, bob] = await joined(testClock())
    await seal(alice, bob, 'one')
    alice.clock.time += DAY
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
    await seal(alice, bob, 'two')
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
    alice.clock.time += HOUR - 1
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
    alice.clock.time += 1
    const now = alice.clock.time
    expect(await needs(alice, bob)).toEqual({
      kind: 'session',
      reason: 'unanswered',
      canSend: true,
      notBefore: now,
    })
    expect(await talk(alice, bob, 'meanwhile it still sends')).not.toBeNull()
    expect(await talk(bob, alice, 'an answer')).toBe('an answer')
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
  })

  it('many frames of one transaction count as one send', async () => {
    const [alice, bob] = await joined(testClock())
    await alice.sessions.transact(async (tx) => {
      for (let i = 0; i < 5; i++)
        await alice.sessions.encrypt(tx, 'bob', { body: Buffer.from('x'), size: 128 })
    })
    alice.clock.time += DAY
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
  })

  it('heals a peer that lost its store and only listens', async () => {
    const [alice, bob] = await joined(testClock())
    expect(await talk(alice, bob, 'one')).toBe('one')
    const again = await newNode('bob', alice.clock)
    const reset: TestNode = {
      ...again,
      device: bob.device,
      options: { ...again.options, keys: bob.device.keys },
    }
    await restart(reset)
    for (const text of ['two', 'three'])
      expect(await opens(reset, (await seal(alice, bob, text)).frame)).toBeNull()
    alice.clock.time += HOUR
    expect(await needs(alice, bob)).toMatchObject({ reason: 'unanswered' })
    const { handshake } = await begin(alice, reset, await bundleOf(reset))
    await accept(reset, alice, handshake)
    expect(await talk(alice, reset, 'four')).toBe('four')
    expect(await talk(reset, alice, 'five')).toBe('five')
  })

  it('at most once an hour, growing to once a day, until the peer is heard', async () => {
    const [alice, bob] = await joined(testClock())
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      const bundle = await bundleOf(bob)
      const error = await begin(alice, bob, bundle).catch((caught) => caught)
      expect(error.code).toBe('ratchet/too-soon')
      waits.push(error.retryAfterMs / HOUR)
      alice.clock.time += error.retryAfterMs - 1
      expect(await refusal(begin(alice, bob, bundle))).toBe('ratchet/too-soon')
      alice.clock.time += 1
      await accept(bob, alice, (await begin(alice, bob, bundle)).handshake)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 24, 24])
    expect(await talk(bob, alice, 'here I am')).not.toBeNull()
    alice.clock.time += HOUR
    await begin(alice, bob, await bundleOf(bob))
  })

  it('hostile 48: a clock that was set back by years does not hold it up', async () => {
    const [alice, bob] = await joined(testClock())
    await seal(alice, bob, 'one')
    await seal(alice, bob, 'two')
    alice.clock.time -= 10 * 365 * DAY
    expect(await needs(alice, bob)).toMatchObject({ reason: 'unanswered', notBefore: alice.clock.time })
    await begin(alice, bob, await bundleOf(bob))
    expect(await refusal(begin(alice, bob, await bundleOf(bob)))).toBe('ratchet/too-soon')
  })

  it('garbage and what does not open begin nothing and change nothing', async () => {
    const [alice, bob] = await joined(testClock())
    const { frame } = await seal(bob, alice, 'x')
    for (let i = 0; i < 50; i++) {
      const noise = Uint8Array.from(frame)
      noise[56 + i] = (noise[56 + i] as number) ^ 1
      expect(await unchanged(alice, () => open(alice, noise))).toBeNull()
    }
    expect(await needs(alice, bob)).toEqual({ kind: 'nothing' })
    expect(await opens(alice, frame)).toBe('x')
  })
})

describe('rule 3, what an accepted handshake replaces', () => {
  it('a session that was answered, or a larger id', () => {
    const row = (heard: boolean): Parameters<typeof winsOver>[0] => ({ heardAt: heard ? 1 : 0 }) as never
    expect(winsOver(null, null, LARGE)).toBe(true)
    expect(winsOver(row(true), SMALL, LARGE)).toBe(true)
    expect(winsOver(row(false), SMALL, LARGE)).toBe(false)
    expect(winsOver(row(false), LARGE, SMALL)).toBe(true)
  })

  it('hostile 17: crossing initiations agree before any message is opened', async () => {
    for (let i = 0; i < 8; i++) {
      const [alice, bob] = await strangers()
      const one = await begin(alice, bob, await bundleOf(bob))
      const two = await begin(bob, alice, await bundleOf(alice))
      const atBob = await accept(bob, alice, one.handshake)
      const atAlice = await accept(alice, bob, two.handshake)
      expect(atBob.sends).toBe(one.sessionId < two.sessionId)
      expect(atAlice.sends).toBe(two.sessionId < one.sessionId)
      expect(await sending(alice, bob)).toBe(await sending(bob, alice))
    }
  })
})

describe('a session that was never answered', () => {
  it('sends for 30 days and no longer; an accepted one takes its place whatever its id', async () => {
    for (let i = 0; i < 4; i++) {
      const [alice, bob] = await strangers()
      await begin(alice, bob, await bundleOf(bob))
      alice.clock.time += 30 * DAY - 1
      await seal(alice, bob, 'one')
      alice.clock.time += 1
      expect(await refusal(seal(alice, bob, 'two'))).toBe('ratchet/no-session')
      expect(await needs(alice, bob)).toMatchObject({ reason: 'unacknowledged', canSend: false })
      const { handshake } = await begin(bob, alice, await bundleOf(alice))
      expect((await accept(alice, bob, handshake)).sends).toBe(true)
      expect(await talk(alice, bob, 'three')).toBe('three')
    }
  })
})

/** A session with two frames under way, and the next one, which has the smaller id: one frame does not move back. */
async function succeeded(): Promise<{ alice: TestNode; bob: TestNode; late: Encrypted; tooLate: Encrypted }> {
  for (;;) {
    const [alice, bob] = await joined(testClock())
    await talk(alice, bob, 'zero')
    const [late, tooLate] = [await seal(alice, bob, 'late'), await seal(alice, bob, 'too late')]
    alice.clock.time += HOUR
    const next = await begin(alice, bob, await bundleOf(bob))
    await accept(bob, alice, next.handshake)
    if (next.sessionId < late.sessionId) return { alice, bob, late, tooLate }
  }
}

interface InTurn {
  readonly bob: TestNode
  readonly late: Encrypted
  readonly third: Begun
  readonly begins: () => Promise<Begun>
}

/** Three sessions, each heard before the next; a late frame of the first, whose id is larger than the third's. */
async function threeInTurn(): Promise<InTurn> {
  for (;;) {
    const clock = testClock()
    const alice = await newNode('alice', clock)
    const bob = await newNode('bob', clock, { maxArchived: 2 })
    const begins = async (): Promise<Begun> => {
      clock.time += DAY
      const begun = await begin(alice, bob, await bundleOf(bob))
      await accept(bob, alice, begun.handshake)
      await talk(alice, bob, 'heard')
      return begun
    }
    await begins()
    const late = await seal(alice, bob, 'late')
    await begins()
    const third = await begins()
    if (third.sessionId < late.sessionId) return { bob, late, third, begins }
  }
}

describe('archived sessions', () => {
  it('receive for 30 days, and then nothing', async () => {
    const { bob, late, tooLate } = await succeeded()
    bob.clock.time += 30 * DAY - 1
    expect(await opens(bob, late.frame)).toBe('late')
    bob.clock.time += 1
    expect(await unchanged(bob, () => opens(bob, tooLate.frame))).toBeNull()
    const dropped = await bob.sessions.transact((tx) => bob.sessions.sweep(tx))
    expect(dropped.map(({ id }) => Buffer.from(id).toString('hex'))).toEqual([late.sessionId])
    expect(await bob.sessions.list(bob.store, 'alice')).toHaveLength(1)
  })

  it('give way to the next session when their time is over', async () => {
    const { alice, bob, late } = await succeeded()
    bob.clock.time += 30 * DAY
    const { dropped } = await accept(bob, alice, (await begin(alice, bob, await bundleOf(bob))).handshake)
    expect(dropped.map(({ id }) => Buffer.from(id).toString('hex'))).toEqual([late.sessionId])
  })

  it('that are still heard are kept before those that are not', async () => {
    const { bob, late, third, begins } = await threeInTurn()
    bob.clock.time += HOUR
    expect(await opens(bob, late.frame)).toBe('late')
    const fourth = await begins()
    const kept = (await bob.sessions.list(bob.store, 'alice')).map(({ sessionId }) => sessionId)
    expect(kept.sort()).toEqual([late.sessionId, third.sessionId, fourth.sessionId].sort())
  })

  it('are kept up to a number, the newest, and the one that sends always', async () => {
    const clock = testClock()
    const alice = await newNode('alice', clock)
    const bob = await newNode('bob', clock, { maxArchived: 3 })
    const ids: string[] = []
    const dropped: string[] = []
    for (let i = 0; i < 6; i++) {
      const begun = await begin(alice, bob, await bundleOf(bob))
      const accepted = await accept(bob, alice, begun.handshake)
      dropped.push(...accepted.dropped.map(({ id }) => Buffer.from(id).toString('hex')))
      ids.push(begun.sessionId)
      await talk(alice, bob, 'heard')
      clock.time += DAY
    }
    const kept = (await bob.sessions.list(bob.store, 'alice')).map(({ sessionId }) => sessionId)
    expect(kept).toHaveLength(4)
    expect([...kept, ...dropped].sort()).toEqual([...ids].sort())
    expect(kept).toContain(await sending(bob, alice))
  })

  it('hostile 8: a handshake whose session was dropped is refused all the same', async () => {
    const clock = testClock()
    const [alice, bob] = await strangers()
    const recorded: Uint8Array[] = []
    for (const oneTime of [true, false]) {
      alice.clock.time += DAY
      const { handshake } = await begin(alice, bob, await bundleOf(bob, oneTime))
      bob.clock.time = alice.clock.time
      await accept(bob, alice, handshake)
      recorded.push(handshake)
    }
    expect(clock.time).toBeGreaterThan(0)
    await bob.sessions.transact((tx) => bob.sessions.forget(tx, 'alice'))
    await restart(bob)
    const codes = []
    for (const handshake of recorded) codes.push(await refusal(accept(bob, alice, handshake)))
    expect(codes).toEqual(['ratchet/prekey-used', 'ratchet/replayed'])
  })
})

describe('a flood of handshakes', () => {
  it('of one device is stopped, so that good sessions stay', async () => {
    const [alice, bob] = await joined(testClock())
    const { frame } = await seal(alice, bob, 'good')
    let accepted = 1
    for (; accepted < ACCEPT_BURST; accepted++) {
      await forceBegin(alice, bob)
    }
    const code = await refusal(forceBegin(alice, bob))
    expect(code).toBe('ratchet/too-many-handshakes')
    expect(await bob.sessions.list(bob.store, 'alice')).toHaveLength(ACCEPT_BURST)
    expect(ACCEPT_BURST).toBeLessThanOrEqual(MAX_ARCHIVED_SESSIONS)
    expect(await opens(bob, frame)).toBe('good')
    bob.clock.time += HOUR
    await forceBegin(alice, bob)
    expect(await refusal(forceBegin(alice, bob))).toBe('ratchet/too-many-handshakes')
  })
})

/** A device that does not keep to the rates: it forgets whom it has begun with. */
async function forceBegin(from: TestNode, to: TestNode): Promise<void> {
  const bundle = await bundleOf(to)
  await from.sessions.transact((tx) => from.sessions.forget(tx, to.name))
  await accept(to, from, (await begin(from, to, bundle)).handshake)
}
