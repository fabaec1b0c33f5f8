/** The prekey manager (spec/session.md, "Prekeys" and "Replays"): hostile 15, 16. */
import { describe, expect, it } from 'vitest'
import { PREKEY_BATCH, PREKEY_REFILL_BELOW } from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { openSessions } from '../../src/sessions.js'
import {
  accept,
  backup,
  begin,
  bundleOf,
  DAY,
  newNode,
  refusal,
  restart,
  type TestNode,
  talk,
  testClock,
  unchanged,
  verified,
} from './support.js'

const WEEK = 7 * DAY
const issue = (node: TestNode, count?: number): ReturnType<TestNode['sessions']['issuePrekeys']> =>
  node.sessions.transact((tx) => node.sessions.issuePrekeys(tx, count))
const rotate = (node: TestNode): Promise<boolean> =>
  node.sessions.transact((tx) => node.sessions.rotatePrekeys(tx))
const rows = async (node: TestNode, table: string): Promise<number> => (await node.store.list([table])).length

describe('prekeys', () => {
  it('come in batches of 100, each in a bundle of its own, beside one signed prekey', async () => {
    const bob = await newNode('bob', testClock())
    expect(await bob.sessions.prekeys(bob.store)).toEqual({ signedPrekeyId: 0, due: true, oneTime: 0 })
    const { bundles, lastResort, signedPrekeyId } = await issue(bob)
    expect([bundles.length, PREKEY_BATCH, PREKEY_REFILL_BELOW]).toEqual([100, 100, 20])
    const ids = bundles.map((bytes) => verified(bob, bytes).oneTimePrekey?.id)
    expect(ids).toEqual(bundles.map((_, i) => signedPrekeyId + 1 + i))
    expect(verified(bob, lastResort).oneTimePrekey).toBeNull()
    expect(await bob.sessions.prekeys(bob.store)).toEqual({ signedPrekeyId, due: false, oneTime: 100 })
  })

  it('rotate weekly; three signed ones are kept, and what was beside a forgotten one goes', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const old = await bundleOf(bob)
    const signed: number[] = []
    for (let week = 0; week < 3; week++) {
      signed.push((await bob.sessions.prekeys(bob.store)).signedPrekeyId)
      expect(await rotate(bob)).toBe(false)
      clock.time += WEEK
      expect((await bob.sessions.prekeys(bob.store)).due).toBe(true)
      if (week < 2) expect(await rotate(bob)).toBe(true)
    }
    expect(new Set(signed).size).toBe(3)
    const second = await bundleOf(alice)
    expect(second).toBeDefined()
    // Two rotations later the first bundle still works; a third forgets it, and its one-time prekey with it.
    expect(await rows(bob, 'ratchet-one-time')).toBe(1)
    await rotate(bob)
    expect(await rows(bob, 'ratchet-one-time')).toBe(0)
    const { handshake } = await begin(alice, bob, old)
    expect(await refusal(accept(bob, alice, handshake))).toBe('ratchet/prekey-expired')
  })

  it('hostile 48: rotate also when the clock was set back by years', async () => {
    const clock = testClock()
    const bob = await newNode('bob', clock)
    await rotate(bob)
    clock.time -= 10 * 365 * DAY
    expect(await rotate(bob)).toBe(true)
    expect(await rotate(bob)).toBe(false)
  })

  it('never use an id twice, over rotations, restarts and use', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const ids = new Set<number>()
    const note = (id: number): void => {
      expect(ids.has(id)).toBe(false)
      ids.add(id)
    }
    for (let round = 0; round < 4; round++) {
      if (await rotate(bob)) note((await bob.sessions.prekeys(bob.store)).signedPrekeyId)
      const { bundles } = await issue(bob, 5)
      for (const bytes of bundles) note(verified(bob, bytes).oneTimePrekey?.id ?? 0)
      await accept(bob, alice, (await begin(alice, bob, verified(bob, bundles[0] as Uint8Array))).handshake)
      await restart(bob)
      clock.time += WEEK
    }
    expect(ids.size).toBe(24)
  })

  it('are kept up to 1,000, the newest', async () => {
    const bob = await newNode('bob', testClock())
    const first = await issue(bob, 256)
    for (let i = 0; i < 3; i++) await issue(bob, 256)
    expect((await bob.sessions.prekeys(bob.store)).oneTime).toBe(1000)
    const alice = await newNode('alice', bob.clock)
    const { handshake } = await begin(alice, bob, verified(bob, first.bundles[0] as Uint8Array))
    expect(await refusal(accept(bob, alice, handshake))).toBe('ratchet/prekey-used')
  })

  it('of one transaction are bounded', async () => {
    const bob = await newNode('bob', testClock())
    const attempt = bob.sessions.transact(async (tx) => {
      for (let i = 0; i < 3; i++) await bob.sessions.issuePrekeys(tx, 200)
    })
    expect(await unchanged(bob, () => refusal(attempt))).toBe('ratchet/bad-argument')
  })

  it('post-quantum ones come back from the store', async () => {
    const clock = testClock()
    const pq = { pq: postQuantum }
    const [alice, bob] = [await newNode('alice', clock, pq), await newNode('bob', clock, pq)]
    for (const oneTime of [true, false]) {
      const bundle = await bundleOf(bob, oneTime)
      expect(bundle.kemPrekey).not.toBeNull()
      await restart(bob)
      await accept(bob, alice, (await begin(alice, bob, bundle)).handshake)
      expect(await talk(alice, bob, 'one')).toBe('one')
      clock.time += DAY
    }
  })
})

describe('a first message', () => {
  it('hostile 16: with a one-time prekey is accepted once, also after a restart', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const { handshake } = await begin(alice, bob, await bundleOf(bob))
    expect(await accept(bob, alice, handshake)).toMatchObject({ oneTime: true })
    await restart(bob)
    expect(await unchanged(bob, () => refusal(accept(bob, alice, handshake)))).toBe('ratchet/prekey-used')
  })

  it('never replaces its session, though the store had its prekey back', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const { handshake } = await begin(alice, bob, await bundleOf(bob))
    const prekeys = await bob.store.list(['ratchet-one-time'])
    await accept(bob, alice, handshake)
    expect(await talk(alice, bob, 'one')).toBe('one')
    await bob.store.transact((tx) => {
      for (const { key, value } of prekeys) tx.put(key, value)
    })
    expect(await unchanged(bob, () => refusal(accept(bob, alice, handshake)))).toBe('ratchet/replayed')
  })

  it('hostile 16: without one is accepted once, for as long as its signed prekey is kept', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const { handshake, oneTime } = await begin(alice, bob, await bundleOf(bob, false))
    expect(oneTime).toBe(false)
    expect(await accept(bob, alice, handshake)).toMatchObject({ oneTime: false })
    await bob.sessions.transact((tx) => bob.sessions.forget(tx, 'alice'))
    const codes: string[] = []
    const remembered: number[] = []
    for (let week = 0; week < 4; week++) {
      await restart(bob)
      codes.push(await refusal(accept(bob, alice, handshake)))
      remembered.push(await rows(bob, 'ratchet-seen'))
      clock.time += WEEK
      await rotate(bob)
    }
    // The base key is forgotten with the signed prekey, which is what refuses it from then on.
    expect(codes).toEqual([...Array(3).fill('ratchet/replayed'), 'ratchet/prekey-expired'])
    expect(remembered).toEqual([1, 1, 1, 0])
  })

  it('hostile 15: without a one-time prekey is refused where the policy says so, on both sides', async () => {
    const clock = testClock()
    const strict = { requireOneTime: { begin: true, accept: true } }
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock, strict)]
    const { handshake } = await begin(alice, bob, await bundleOf(bob, false))
    expect(await unchanged(bob, () => refusal(accept(bob, alice, handshake)))).toBe(
      'ratchet/one-time-required',
    )
    const bundle = await bundleOf(alice, false)
    expect(await unchanged(bob, () => refusal(begin(bob, alice, bundle)))).toBe('ratchet/one-time-required')
    await begin(bob, alice, await bundleOf(alice))
  })
})

describe('a damaged or foreign store', () => {
  it('is refused with a typed error', async () => {
    const bob = await newNode('bob', testClock())
    await issue(bob, 1)
    expect((await backup(bob)).length).toBe(3)
    await bob.store.transact((tx) => tx.put(['ratchet-meta'], Uint8Array.of(9)))
    expect(await refusal(openSessions({ ...bob.options, store: bob.store }))).toBe(
      'ratchet/unsupported-version',
    )
    await bob.store.transact((tx) => tx.put(['ratchet-meta'], Uint8Array.of(1, 0)))
    expect(await refusal(openSessions({ ...bob.options, store: bob.store }))).toBe('ratchet/bad-snapshot')
  })
})
