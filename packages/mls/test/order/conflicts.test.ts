// Commits of one epoch that contradict each other: which one goes first, and what becomes of the other's wish.
import { describe, expect, it } from 'vitest'
import { type Roles, rolesOf } from '../../src/index.js'
import { encodeEnvelope } from '../../src/order/envelope.js'
import { accountOf } from '../../src/roles/accounts.js'
import { rawCommit, rawPath, remove } from '../attacker.js'
import { at } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  epochOf,
  feed,
  hear,
  invitable,
  invite,
  keyOf,
  kinds,
  names,
  type Peer,
  peers,
  permutations,
  settle,
  stateOf,
  twin,
  want,
} from './peers.js'

const OPEN = { inviteRule: 'members', externalJoinRule: 'nobody' } as const

function rolesNow(peer: Peer): Roles {
  const roles = rolesOf(stateOf(peer))
  if (roles === null) throw new Error('no roles')
  return roles
}

const account = (peer: Peer): Uint8Array => accountOf(peer.ctx.mls, peer.device.identity.credential)

/** The roles of the group with these as full admins. */
function ledBy(peer: Peer, admins: readonly Peer[]): Roles {
  return { ...rolesNow(peer), admins: admins.map((one) => ({ account: account(one), right: 'full' })) }
}

async function sameOrderFree(group: readonly Peer[], envelopes: readonly Uint8Array[]): Promise<Peer> {
  const seen = new Set<string>()
  let last = at(group, 0)
  for (const order of permutations(envelopes))
    for (const peer of group.map(twin)) {
      for (const envelope of order) await hear(peer, envelope)
      const { active } = peer.log.nodes.get(peer.log.tip) ?? { active: false }
      if (!active) continue
      seen.add(authenticator(peer))
      last = peer
    }
  expect(seen.size).toBe(1)
  return last
}

describe('intents of one input', () => {
  it('go into one commit, and one that cannot does not hold up the others', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    const remove = (peer: Peer) => ({ kind: 'remove', signatureKey: keyOf(peer) }) as const
    await feed(a, { kind: 'intents', intents: [remove(c), remove(d)] })
    expect(a.sent).toHaveLength(1)
    await hear(b, at(a.sent, 0))
    expect(names(b)).toEqual(['a', 'b'])
    expect(authenticator(b)).toBe(authenticator(a))
    const { offer } = await invitable('e', a)
    const events = await feed(a, {
      kind: 'intents',
      intents: [
        { kind: 'add', keyPackage: new Uint8Array(3) },
        { kind: 'add', keyPackage: offer.keyPackage },
      ],
    })
    expect(kinds(events)).toContain('intent-dropped')
    expect(names(a)).toEqual(['a', 'b', 'e'])
    expect(epochOf(a)).toBe(3)
  })
})

describe('a privileged remove against a ground self-update', () => {
  it('wins, however many updates the removed member tries out', async () => {
    const group = await peers(4)
    const [a, b, c, d] = group as [Peer, Peer, Peer, Peer]
    const tries = await Promise.all([1, 2, 3].map(() => evilCommit(c.device, stateOf(c))))
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    const end = await sameOrderFree([a, b, d], [removal, ...tries.map(({ envelope }) => envelope)])
    expect(names(end)).toEqual(['a', 'b', 'd'])
  })
})

describe('hostile 27: admins at odds', () => {
  async function twoAdmins(): Promise<[Peer, Peer, Peer, Peer]> {
    const group = (await peers(4, { roles: OPEN })) as [Peer, Peer, Peer, Peer]
    const [a, b] = group
    const envelope = await commit(a, { kind: 'roles', roles: ledBy(a, [a, b]) })
    for (const peer of group.slice(1)) await hear(peer, envelope)
    return group
  }

  it('two that demote each other: one is demoted, the same one everywhere, and its wish is dropped', async () => {
    const group = await twoAdmins()
    const [a, b] = group
    const first = await commit(a, { kind: 'roles', roles: ledBy(a, [a]) })
    const second = await commit(b, { kind: 'roles', roles: ledBy(b, [b]) })
    const end = await sameOrderFree(group, [first, second])
    expect(rolesNow(end).admins).toHaveLength(1)
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    const dropped = [a, b].flatMap(({ events }) => events.filter(({ kind }) => kind === 'intent-dropped'))
    expect(dropped).toEqual([expect.objectContaining({ intent: 'roles', reason: 'mls/not-permitted' })])
  })

  it('a demoted admin whose commit is in flight: it does not count on the branch that demoted it', async () => {
    const group = await twoAdmins()
    const [a, b, c, d] = group
    const demotion = await commit(a, { kind: 'roles', roles: ledBy(a, [a]) })
    const removal = await commit(b, { kind: 'remove', signatureKey: keyOf(d) })
    await sameOrderFree([a, b, c], [demotion, removal])
    await settle(group)
    expect(rolesNow(c).admins).toHaveLength(1)
    expect(new Set([a, b, c].map(authenticator)).size).toBe(1)
    // Either the removal won, and the demotion came after it; or the demotion did, and the removal never came.
    const wasFirst = !names(c).includes('d')
    const dropped = b.events.some((event) => event.kind === 'intent-dropped' && event.intent === 'remove')
    expect(dropped).toBe(!wasFirst)
  })

  it('after its demotion was read, a commit of the demoted admin is refused by every honest member', async () => {
    const group = await twoAdmins()
    const [a, b, c, d] = group
    const demotion = await commit(a, { kind: 'roles', roles: ledBy(a, [a]) })
    for (const peer of [b, c, d]) await hear(peer, demotion)
    await want(b, { kind: 'remove', signatureKey: keyOf(d) })
    expect(b.events.at(-1)).toMatchObject({ kind: 'intent-dropped', reason: 'mls/not-permitted' })
    expect(b.sent).toHaveLength(0)
  })

  it('the last admin cannot leave', async () => {
    const [a] = (await peers(2, { roles: OPEN })) as [Peer, Peer]
    const events = await want(a, { kind: 'leave' })
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'intent-dropped', reason: 'mls/not-permitted' }),
    )
    expect(a.sent).toHaveLength(0)
  })

  it('hostile 24: a change that the roles do not permit is refused by every honest member', async () => {
    const group = (await peers(4, { roles: OPEN })) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    await want(c, { kind: 'remove', signatureKey: keyOf(d) })
    expect(c.events.at(-1)).toMatchObject({ kind: 'intent-dropped', reason: 'mls/not-permitted' })
    const { path } = await rawPath(c.device, stateOf(c))
    const forged = await rawCommit(c.device, stateOf(c), { proposals: [remove(3)], path })
    for (const peer of [a, b, d]) {
      const events = await hear(peer, encodeEnvelope('commit', peer.log.tip, forged))
      expect(events).toEqual([expect.objectContaining({ kind: 'refused', code: 'mls/not-permitted' })])
      expect(epochOf(peer)).toBe(1)
    }
  })
})

describe('a losing policy change', () => {
  it('is made anew on the branch that won, where it is still permitted', async () => {
    const group = (await peers(3, { roles: OPEN })) as [Peer, Peer, Peer]
    const [a, b] = group
    const promotion = await commit(a, { kind: 'roles', roles: ledBy(a, [a, b]) })
    for (const peer of group.slice(1)) await hear(peer, promotion)
    await commit(a, { kind: 'roles', roles: { ...rolesNow(a), inviteRule: 'admins' } })
    await invite(b, 'new')
    await settle(group)
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(rolesNow(a).inviteRule).toBe('admins')
    expect(names(a)).toContain('new')
    expect(kinds(a.events)).toContain('epoch')
  })
})

describe('wishes that meet', () => {
  it('the same removal by two: one is carried out, the other is dropped as done', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    await commit(a, { kind: 'remove', signatureKey: keyOf(d) })
    await commit(b, { kind: 'remove', signatureKey: keyOf(d) })
    await settle(group)
    expect(names(c)).toEqual(['a', 'b', 'c'])
    expect(epochOf(c)).toBe(2)
    const dropped = [a, b].flatMap(({ events }) => events.filter(({ kind }) => kind === 'intent-dropped'))
    expect(dropped).toEqual([expect.objectContaining({ reason: 'done-by-another' })])
  })

  it('a member that leaves is removed by another, once', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, , , d] = group
    await want(d, { kind: 'leave' })
    await settle(group)
    expect(names(a)).toEqual(['a', 'b', 'c'])
    expect(kinds(d.events)).toContain('removed')
    expect(d.events).toContainEqual(expect.objectContaining({ kind: 'intent-done', intent: 'leave' }))
  })

  it('two members that remove each other: one is out, for both', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await commit(a, { kind: 'remove', signatureKey: keyOf(b) })
    await commit(b, { kind: 'remove', signatureKey: keyOf(a) })
    await settle(group)
    expect(names(c)).toHaveLength(2)
    const out = [a, b].filter((peer) => peer.log.nodes.get(peer.log.tip)?.active === false)
    expect(out).toHaveLength(1)
    expect(names(c)).not.toContain(out[0]?.device.name)
  })
})
