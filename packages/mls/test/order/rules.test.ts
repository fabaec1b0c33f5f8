// The port through which an application adds rules, and commits that rest on what has not been read.
import { describe, expect, it } from 'vitest'
import { commitLeaves } from '../../src/index.js'
import { encodeEnvelope } from '../../src/order/envelope.js'
import type { GroupRules } from '../../src/order/index.js'
import { at } from '../helpers.js'
import {
  authenticator,
  commit,
  epochOf,
  hear,
  invite,
  keyOf,
  kinds,
  names,
  type Peer,
  peers,
  stateOf,
  want,
} from './peers.js'

const accepted = { kind: 'accepted', privileged: false, actor: 'x' } as const

/** Nobody may be added, on top of what the roles say. */
const closed: GroupRules = {
  judge: (_parent, { added, committer }) =>
    added.length > 0
      ? { kind: 'refused', reason: 'app/closed' }
      : { ...accepted, actor: `${committer.leaf}` },
}

describe('rules of an application', () => {
  it('refuse a commit of another, and one of this member before it is made known', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const strict = { ...b, ctx: { ...b.ctx, rules: closed } }
    const events = await hear(strict, await invite(a, 'new'))
    expect(events).toEqual([expect.objectContaining({ kind: 'refused', code: 'app/closed' })])
    expect(epochOf(strict)).toBe(1)
    const own = { ...a, sent: [], ctx: { ...a.ctx, rules: closed } }
    const before = epochOf(own)
    await expect(invite(own, 'another')).rejects.toThrow('nothing at 0')
    expect(own.events.at(-1)).toMatchObject({ kind: 'intent-dropped', reason: 'app/closed' })
    expect(epochOf(own)).toBe(before)
  })

  it('see what a commit does to its parent, whoever judges', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const seen: string[] = []
    const watching: GroupRules = {
      judge: (_parent, { committer, added, removed, next }) => {
        const leaves = (list: readonly { leaf: number }[]): string => list.map(({ leaf }) => leaf).join()
        seen.push(`${committer.leaf} +${leaves(added)} -${leaves(removed)} ${next === null ? 'out' : 'in'}`)
        return accepted
      },
    }
    const [a, b, c] = group.map((peer) => ({ ...peer, ctx: { ...peer.ctx, rules: watching } })) as [
      Peer,
      Peer,
      Peer,
    ]
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    await hear(b, removal)
    await hear(c, removal)
    await hear(b, await invite(a, 'new'))
    expect(seen).toEqual(['0 + -2 in', '0 + -2 in', '0 + -2 out', '0 +2 - in', '0 +2 - in'])
  })

  it('may wait for a proposal, and are asked again when one has been read', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    let ready = false
    const patient: GroupRules = { judge: () => (ready ? accepted : { kind: 'wait' }) }
    const waiting = { ...b, ctx: { ...b.ctx, rules: patient } }
    expect(await hear(waiting, await commit(a))).toEqual([])
    expect(waiting.log.early).toHaveLength(1)
    ready = true
    await want(c, { kind: 'leave' })
    await hear(waiting, at(c.sent, 0))
    expect(epochOf(waiting)).toBe(2)
    expect(waiting.log.early).toHaveLength(0)
  })
})

describe('a commit that names a proposal', () => {
  it('waits for the proposal, and is followed once that has been read', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    await want(d, { kind: 'leave' })
    const leave = at(d.sent, 0)
    await hear(a, leave)
    const made = await commitLeaves(a.ctx.mls, stateOf(a))
    const named = encodeEnvelope('commit', a.log.tip, made.commit)
    expect(await hear(b, named)).toEqual([])
    expect(b.log.early).toHaveLength(1)
    expect(kinds(await hear(b, leave))).toEqual(['epoch'])
    for (const envelope of [leave, named]) await hear(c, envelope)
    expect(names(b)).toEqual(['a', 'b', 'c'])
    expect(authenticator(b)).toBe(authenticator(c))
  })
})
