// Commits made at once, in every order of delivery.

import { unsafeSeededRandom } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { STALL_MS } from '../../src/order/index.js'
import { at } from '../helpers.js'
import {
  authenticator,
  commit,
  epochOf,
  hear,
  type Peer,
  peers,
  permutations,
  run,
  settle,
  shown,
  tick,
  twin,
  want,
  write,
} from './peers.js'

/** One commit of each peer, in the same epoch. */
async function atOnce(group: readonly Peer[]): Promise<Uint8Array[]> {
  return Promise.all(group.map((peer) => commit(peer)))
}

async function followsOne(count: number): Promise<void> {
  const group = await peers(count + 1)
  const envelopes = await atOnce(group.slice(0, count))
  const seen = new Set<string>()
  for (const order of permutations(envelopes))
    for (const peer of group.map(twin)) {
      for (const envelope of order) await hear(peer, envelope)
      expect(epochOf(peer)).toBe(2)
      seen.add(authenticator(peer))
    }
  expect(seen.size).toBe(1)
}

describe('hostile 22: commits of one epoch', () => {
  it('two: every order of delivery leads every member to one epoch authenticator', () => followsOne(2))
  it('three: every order of delivery leads every member to one epoch authenticator', () => followsOne(3))

  it('eight: sampled orders of delivery, with the mail of each branch between', async () => {
    const group = await peers(9)
    const envelopes = await atOnce(group.slice(0, 8))
    const mail = await Promise.all(group.slice(0, 8).map((peer) => write(peer, peer.device.name)))
    const rng = unsafeSeededRandom(8)
    const seen = new Set<string>()
    const reader = at(group, 8)
    for (let sample = 0; sample < 30; sample++) {
      const peer = twin(sample % 3 === 0 ? at(group, sample % 8) : reader)
      for (const envelope of rng.shuffle([...envelopes, ...mail])) await hear(peer, envelope)
      seen.add(authenticator(peer))
      expect(new Set(shown(peer)).size).toBe(peer.device === reader.device ? 8 : 7)
      expect(shown(peer)).toHaveLength(new Set(shown(peer)).size)
    }
    expect(seen.size).toBe(1)
  })

  it('a member that sees a commit under way waits for it instead of making a rival', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const envelope = await commit(a)
    await hear(b, await write(a, 'ahead of its commit'))
    await want(b, { kind: 'update' })
    expect(b.sent).toHaveLength(0)
    await hear(b, envelope)
    expect(b.sent).toHaveLength(1)
    expect(epochOf(b)).toBe(3)
    const [x, y] = (await peers(2)) as [Peer, Peer]
    await commit(x)
    await hear(y, await write(x, 'whose commit never comes'))
    await want(y, { kind: 'update' })
    y.time.at += STALL_MS
    await tick(y)
    expect(epochOf(y)).toBe(2)
  })

  it('losers carry out again what they wanted, and all come together', async () => {
    const group = await peers(4)
    await atOnce(group)
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(epochOf(at(group, 0))).toBe(5)
    await run(group, 6_000)
    for (const peer of group) expect(peer.events.filter(({ kind }) => kind === 'intent-done')).toHaveLength(1)
  })
})
