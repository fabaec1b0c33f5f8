// A member that commits twice in one epoch, and shows one to some and the other to others.
import { equalBytes } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { decodeEnvelope } from '../../src/order/envelope.js'
import { MAX_EQUIVOCATIONS } from '../../src/order/index.js'
import { tagOf } from '../../src/order/tag.js'
import { at } from '../helpers.js'
import { evilCommit, sealAgain } from './evil.js'
import { authenticator, commit, hear, kinds, type Peer, peers, stateOf } from './peers.js'

describe('equivocation', () => {
  it('is proved by both commits, and does not split the group', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    const [one, two] = [await evilCommit(d.device, stateOf(d)), await evilCommit(d.device, stateOf(d))]
    await hear(a, one.envelope)
    await hear(b, two.envelope)
    for (const peer of [a, b, c]) {
      await hear(peer, one.envelope)
      await hear(peer, two.envelope)
    }
    expect(new Set([a, b, c].map(authenticator)).size).toBe(1)
    const digests = [one, two].map(({ envelope }) => decodeEnvelope(a.ctx.mls.crypto, envelope).digest)
    for (const peer of [a, b, c]) {
      expect(kinds(peer.events).filter((kind) => kind === 'equivocation')).toHaveLength(1)
      const [proof] = peer.log.evidence
      expect(proof?.committer.leaf).toBe(3)
      for (const digest of digests)
        expect(proof?.digests.some((known) => equalBytes(known, digest))).toBe(true)
    }
  })

  it('of many commits leaves the same one first for all, and few of them kept', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const many = await Promise.all(Array.from({ length: 9 }, () => evilCommit(c.device, stateOf(c))))
    for (const { envelope } of many) await hear(a, envelope)
    for (const { envelope } of many.toReversed()) await hear(b, envelope)
    expect(authenticator(a)).toBe(authenticator(b))
    expect(a.log.nodes.size).toBe(1 + MAX_EQUIVOCATIONS)
    expect([...a.log.nodes.keys()].sort()).toEqual([...b.log.nodes.keys()].sort())
  })

  it('of many commits keeps the one on which another member has built, also where that comes late', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const many = await Promise.all(Array.from({ length: 9 }, () => evilCommit(c.device, stateOf(c))))
    const tags = await Promise.all(many.map(({ state }) => tagOf(c.device.ctx, state)))
    const last = at(many, tags.indexOf(at(tags.toSorted(), 8)))
    for (const one of many) if (one !== last) await hear(a, one.envelope)
    await hear(b, last.envelope)
    const built = await commit(b)
    for (const envelope of [last.envelope, built, last.envelope]) await hear(a, envelope)
    expect(authenticator(a)).toBe(authenticator(b))
    for (const one of many) await hear(b, one.envelope)
    expect(authenticator(a)).toBe(authenticator(b))
    expect([...a.log.nodes.keys()].sort()).toEqual([...b.log.nodes.keys()].sort())
    expect(a.log.nodes.size).toBe(2 + MAX_EQUIVOCATIONS)
  })

  it('is not claimed by a removed member, for which one commit encrypted twice looks like two', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const { envelope } = await evilCommit(a.device, stateOf(a), { remove: [2] })
    await hear(c, envelope)
    await hear(c, await sealAgain(b.device, stateOf(b), envelope))
    expect(c.log.nodes.size).toBe(3)
    expect(c.log.evidence).toHaveLength(0)
    await hear(c, (await evilCommit(a.device, stateOf(a))).envelope)
    expect(c.log.evidence).toHaveLength(1)
  })

  it('is not proved by a commit that another member has encrypted anew', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const { envelope } = await evilCommit(c.device, stateOf(c))
    const again = await sealAgain(b.device, stateOf(b), envelope)
    await hear(a, envelope)
    const before = authenticator(a)
    await hear(a, again)
    expect(a.events.filter(({ kind }) => kind === 'equivocation')).toHaveLength(0)
    expect(authenticator(a)).toBe(before)
    expect(a.log.nodes.size).toBe(2)
  })
})
