// Invitations: a Welcome leaves only for a commit that stands, and what becomes of one that left too early.
import { describe, expect, it } from 'vitest'
import { createKeyPackage, type GroupState, joinGroup } from '../../src/index.js'
import { HORIZON, SETTLE_MS, startLog, step } from '../../src/order/index.js'
import { at, type Device } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  contextOf,
  feed,
  hear,
  type Invited,
  invitable,
  keyOf,
  kinds,
  names,
  type Peer,
  peerOf,
  peers,
  run,
  settle,
  stateOf,
  tick,
  want,
  write,
} from './peers.js'

async function join(invited: Invited, welcome: Uint8Array): Promise<GroupState> {
  return joinGroup(invited.device.ctx, { ...invited.offer, welcome })
}

async function joined(who: Device, state: GroupState): Promise<Peer> {
  const ctx = contextOf(who)
  return peerOf(who, await startLog(ctx, state), ctx)
}

async function pass(peer: Peer, ms: number): Promise<void> {
  peer.time.at += ms
  await tick(peer)
}

describe('a Welcome', () => {
  it('waits until its commit has settled, and is sent once', async () => {
    const [a] = (await peers(2)) as [Peer, Peer]
    const invited = await invitable('new', a)
    await commit(a, { kind: 'add', keyPackage: invited.offer.keyPackage })
    await pass(a, SETTLE_MS - 1)
    expect(a.welcomes).toHaveLength(0)
    await pass(a, 1)
    await pass(a, SETTLE_MS)
    expect(a.welcomes).toHaveLength(1)
    expect(kinds(a.events)).toContain('intent-done')
  })

  it('of a large group comes with the chunks of its tree, as it was when the device was added', async () => {
    const [first, b] = (await peers(2)) as [Peer, Peer]
    const a = { ...first, ctx: { ...first.ctx, tree: 'apart' as const } }
    const invited = await invitable('new', a)
    const envelope = await commit(a, { kind: 'add', keyPackage: invited.offer.keyPackage })
    await hear(b, envelope)
    await hear(a, await commit(b))
    a.time.at += SETTLE_MS
    const { effects } = await step(a.ctx, a.log, { kind: 'tick' })
    const [sent] = effects.filter((effect) => effect.kind === 'welcome')
    const { welcome, chunks } = sent ?? { welcome: new Uint8Array(), chunks: [] }
    await expect(join(invited, welcome)).rejects.toMatchObject({ code: 'mls/missing-chunk' })
    const bytes = chunks.map((chunk) => chunk.bytes)
    const state = await joinGroup(invited.device.ctx, { ...invited.offer, welcome, chunks: bytes })
    const newcomer = await joined(invited.device, state)
    await hear(newcomer, at(b.sent, 0))
    expect(authenticator(newcomer)).toBe(authenticator(b))
  })

  it('is sent at the latest when its commit leaves the horizon', async () => {
    const group = (await peers(2)) as [Peer, Peer]
    const [a, b] = group
    const invited = await invitable('new', a)
    await hear(b, await commit(a, { kind: 'add', keyPackage: invited.offer.keyPackage }))
    for (let i = 0; i < HORIZON; i++) await hear(at(group, i % 2), await commit(at(group, 1 - (i % 2))))
    expect(a.welcomes).toHaveLength(1)
    expect(a.log.welcomes).toHaveLength(0)
  })

  it('of a commit that lost is never sent: the device is invited again on the branch that won', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const invited = await invitable('new', a)
    await commit(a, { kind: 'add', keyPackage: invited.offer.keyPackage })
    await hear(a, await commit(b, { kind: 'remove', signatureKey: keyOf(c) }))
    expect(kinds(a.events)).toContain('intent-reopened')
    await run([a, b], 8_000)
    expect(a.welcomes).toHaveLength(1)
    expect(names(a)).toEqual(['a', 'b', 'new'])
    const newcomer = await joined(invited.device, await join(invited, at(a.welcomes, 0)))
    expect(authenticator(newcomer)).toBe(authenticator(b))
  })
})

describe('a losing Add whose Welcome had been sent', () => {
  async function orphaned(): Promise<{ a: Peer; b: Peer; orphan: Peer; invited: Invited }> {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const rival = await evilCommit(b.device, stateOf(b), { remove: [2] })
    const invited = await invitable('new', a)
    await commit(a, { kind: 'add', keyPackage: invited.offer.keyPackage })
    await pass(a, SETTLE_MS)
    const orphan = await joined(invited.device, await join(invited, at(a.welcomes, 0)))
    for (const peer of [a, c]) await hear(peer, rival.envelope)
    // The rival is b's own, from before b had a log of it.
    const own = await startLog(b.ctx, rival.state)
    b.log = own
    return { a, b, orphan, invited }
  }

  it('is void: the device is named, and not invited with a KeyPackage that it has used', async () => {
    const { a } = await orphaned()
    const [event] = a.events.filter(({ kind }) => kind === 'invitation-void')
    expect(event).toMatchObject({ members: [{ leaf: 3 }] })
    expect(a.events).toContainEqual(
      expect.objectContaining({ kind: 'intent-dropped', reason: 'invitation-void' }),
    )
    expect(names(a)).toEqual(['a', 'b'])
  })

  it('heals: the device finds that nobody is where it is, and is added with a fresh KeyPackage', async () => {
    const { a, b, orphan, invited } = await orphaned()
    await hear(orphan, await write(b, 'where are you?'))
    await run([a, b, orphan], 70_000)
    expect(kinds(orphan.events)).toContain('stalled')
    expect(kinds(orphan.events)).toContain('key-package-needed')
    const fresh = await createKeyPackage(invited.device.ctx, invited.device.identity)
    await feed(orphan, { kind: 'key-package', keyPackage: fresh.keyPackage })
    await run([a, b, orphan], 15_000)
    const state = await join({ device: invited.device, offer: fresh }, at(a.welcomes, 1))
    await feed(orphan, { kind: 'joined', state })
    expect(authenticator(orphan)).toBe(authenticator(a))
    expect(authenticator(a)).toBe(authenticator(b))
    await hear(orphan, await write(b, 'there you are'))
    expect(kinds(orphan.events).at(-1)).toBe('message')
    await want(orphan, { kind: 'update' })
    await settle([a, b, orphan])
    expect(authenticator(orphan)).toBe(authenticator(b))
  })
})
