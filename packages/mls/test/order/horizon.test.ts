// How far back a branch can be given up: five epochs, and not one more.
import { describe, expect, it } from 'vitest'
import { HORIZON, MAX_IDLE_RUN } from '../../src/order/index.js'
import { at } from '../helpers.js'
import { evilChain, evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  epochOf,
  hear,
  invite,
  keyOf,
  kinds,
  type Peer,
  peers,
  stateOf,
  want,
} from './peers.js'

/** A privileged commit of the last peer from the first epoch, which goes before any chain of one ordinary member. */
async function rivalOf(group: readonly Peer[]): Promise<Uint8Array> {
  const { device } = at(group, 3)
  return (await evilCommit(device, stateOf(at(group, 3)), { remove: [2] })).envelope
}

/** So many ordinary commits of the first member, which the others have read. */
async function chain([a, ...others]: readonly Peer[], count: number): Promise<Uint8Array[]> {
  const sent: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const envelope = await invite(a as Peer, `${i}`)
    for (const to of others) await hear(to, envelope)
    sent.push(envelope)
  }
  return sent
}

describe('the horizon', () => {
  it('a commit at the horizon still wins, and all that came after its parent is rewound', async () => {
    const group = await peers(4)
    const rival = await rivalOf(group)
    await chain(group.slice(0, 2), HORIZON)
    const [, b] = group as [Peer, Peer]
    expect(epochOf(b)).toBe(1 + HORIZON)
    const events = await hear(b, rival)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'epoch', epoch: 2, rewound: HORIZON }))
    expect(epochOf(b)).toBe(2)
  })

  it('a commit one past it is late, and changes nothing', async () => {
    const group = await peers(4)
    const rival = await rivalOf(group)
    await chain(group.slice(0, 2), HORIZON + 1)
    const [, b] = group as [Peer, Peer]
    const before = authenticator(b)
    expect(kinds(await hear(b, rival))).toEqual(['late'])
    expect(authenticator(b)).toBe(before)
  })

  it('a member that has not passed it follows the branch that has', async () => {
    const group = await peers(4)
    const rival = await rivalOf(group)
    const [a, b, , d] = group as [Peer, Peer, Peer, Peer]
    const sent = await chain([a, b], HORIZON + 1)
    await hear(d, rival)
    for (const envelope of sent) await hear(d, envelope)
    expect(authenticator(d)).toBe(authenticator(b))
  })

  it('epochs that have left it are final, and their secrets are gone from the log', async () => {
    const group = await peers(3)
    const [, b] = group as [Peer, Peer]
    await chain(group, 8)
    expect(b.log.nodes.size).toBe(HORIZON + 1)
    const finals = b.events.flatMap((event) => (event.kind === 'final' ? [event.epoch] : []))
    expect(finals).toEqual(Array.from({ length: finals.length }, (_, i) => i + 2))
    expect(finals.length).toBe(8 - HORIZON)
  })
})

describe('commit spam to gain depth', () => {
  it('a chain of one member counts as one commit, against one that uses a right', async () => {
    const group = await peers(4)
    const [a, b, c] = group as [Peer, Peer, Peer]
    const spam = await evilChain(c.device, stateOf(c), MAX_IDLE_RUN)
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    for (const { envelope } of spam) await hear(b, envelope)
    expect(epochOf(b)).toBe(1 + MAX_IDLE_RUN)
    await hear(b, removal)
    for (const { envelope } of spam) await hear(a, envelope)
    expect(authenticator(b)).toBe(authenticator(a))
    expect(epochOf(a)).toBe(2)
  })

  it('no member alone commits its rival out of the horizon', async () => {
    const group = await peers(3)
    const [a, b, c] = group as [Peer, Peer, Peer]
    const spam = await evilChain(c.device, stateOf(c), HORIZON + 3)
    const removal = await commit(a, { kind: 'remove', signatureKey: keyOf(c) })
    for (const { envelope } of spam) await hear(b, envelope)
    expect(epochOf(b)).toBe(1 + MAX_IDLE_RUN)
    expect(b.events).toContainEqual(expect.objectContaining({ kind: 'refused', code: 'order/idle-run' }))
    await hear(b, removal)
    expect(authenticator(b)).toBe(authenticator(a))
  })

  it('an honest member waits for another before it refreshes itself once more', async () => {
    const group = await peers(2)
    const [a, b] = group as [Peer, Peer]
    for (let i = 0; i < MAX_IDLE_RUN + 1; i++) await want(a, { kind: 'update' })
    expect(a.sent).toHaveLength(MAX_IDLE_RUN)
    for (const envelope of a.sent) await hear(b, envelope)
    await hear(a, await commit(b))
    expect(a.sent).toHaveLength(MAX_IDLE_RUN + 1)
    await hear(b, at(a.sent, MAX_IDLE_RUN))
    expect(authenticator(a)).toBe(authenticator(b))
  })
})
