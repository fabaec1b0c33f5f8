// Life of a group: who is in it, that all share the epoch, and what the operations refuse.
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  encryptMessage,
  epoch,
  epochAuthenticator,
  exportSecret,
  type GroupState,
  groupIdOf,
  isActive,
  joinGroup,
  MAX_EXPORT_BYTES,
  members,
  ownLeaf,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { after, at, codeOf, type Device, device, GROUP_ID, groupOf, string, text } from './helpers.js'

const names = (state: GroupState): string[] => members(state).map(({ credential }) => string(credential))

async function trio(suite: 1 | 3 = 1): Promise<{ devices: Device[]; states: GroupState[] }> {
  const devices = ['a', 'b', 'c'].map((name) => device(name, { suite }))
  return { devices, states: await groupOf(devices) }
}

describe.each([1, 3] as const)('a group of suite %i', (suite) => {
  it('puts all that were added at once into one epoch', async () => {
    const { states } = await trio(suite)
    expect(states.map(epoch)).toEqual([1, 1, 1])
    expect(states.map(ownLeaf)).toEqual([0, 1, 2])
    for (const state of states) {
      expect(names(state)).toEqual(['ok:a', 'ok:b', 'ok:c'])
      expect(groupIdOf(state)).toEqual(GROUP_ID)
      expect(isActive(state)).toBe(true)
      expect(epochAuthenticator(state)).toEqual(epochAuthenticator(at(states, 0)))
    }
  })

  it('carries messages with their sender and authenticated data', async () => {
    const { devices, states } = await trio(suite)
    const sent = await encryptMessage(at(devices, 2).ctx, at(states, 2), text('hello'), text('aad'))
    for (const reader of [0, 1]) {
      const { event } = await processMessage(at(devices, reader).ctx, at(states, reader), sent.message)
      expect(event).toEqual({
        kind: 'application',
        sender: at(members(at(states, 0)), 2),
        aad: text('aad'),
        plaintext: text('hello'),
      })
    }
  })

  it('updates from any member, and everybody follows', async () => {
    const { devices, states } = await trio(suite)
    let current = states
    for (const committer of [2, 0, 1, 1]) {
      const { state, commit } = await updateSelf(at(devices, committer).ctx, at(current, committer))
      current = await Promise.all(
        current.map((s, i) => (i === committer ? state : after(at(devices, i).ctx, s, commit))),
      )
      for (const s of current) expect(epochAuthenticator(s)).toEqual(epochAuthenticator(state))
    }
    expect(epoch(at(current, 0))).toBe(5)
  })

  it('tells everybody who was added and who was removed', async () => {
    const { devices, states } = await trio(suite)
    const d = device('d', { suite })
    const offer = await createKeyPackage(d.ctx, d.identity)
    const added = await addMembers(at(devices, 1).ctx, at(states, 1), [offer.keyPackage])
    expect(added.members).toEqual([
      { leaf: 3, credential: text('ok:d'), signatureKey: d.identity.signing.publicKey },
    ])
    const seen = await processMessage(at(devices, 0).ctx, at(states, 0), added.commit)
    expect(seen.event).toMatchObject({ kind: 'commit', added: added.members, removed: [], epoch: 2 })
    expect(seen.event).toMatchObject({ sender: { leaf: 1 }, removedSelf: false })
    const joined = await joinGroup(d.ctx, { ...offer, welcome: added.welcome })
    expect(epochAuthenticator(joined)).toEqual(epochAuthenticator(seen.state))
    const removal = await removeMembers(d.ctx, joined, [1, 2])
    const out = await processMessage(at(devices, 0).ctx, seen.state, removal.commit)
    expect(out.event).toMatchObject({
      removed: [at(members(joined), 1), at(members(joined), 2)],
      removedSelf: false,
    })
    expect(names(out.state)).toEqual(['ok:a', 'ok:d'])
    expect(epochAuthenticator(out.state)).toEqual(epochAuthenticator(removal.state))
  })
})

describe('a group', () => {
  it('of one can update and then add', async () => {
    const [a, b] = [device('a'), device('b')]
    const alone = await updateSelf(a.ctx, await createGroup(a.ctx, a.identity, GROUP_ID))
    const offer = await createKeyPackage(b.ctx, b.identity)
    const added = await addMembers(a.ctx, alone.state, [offer.keyPackage])
    const joined = await joinGroup(b.ctx, { ...offer, welcome: added.welcome })
    expect(epoch(joined)).toBe(2)
    expect(epochAuthenticator(joined)).toEqual(epochAuthenticator(added.state))
  })

  it('takes a removed device back with a fresh KeyPackage', async () => {
    const { devices, states } = await trio()
    const [a, , c] = devices as [Device, Device, Device]
    const removal = await removeMembers(a.ctx, at(states, 0), [2])
    const offer = await createKeyPackage(c.ctx, c.identity)
    const added = await addMembers(a.ctx, removal.state, [offer.keyPackage])
    const back = await joinGroup(c.ctx, { ...offer, welcome: added.welcome })
    const sent = await encryptMessage(a.ctx, added.state, text('welcome back'), text(''))
    expect((await processMessage(c.ctx, back, sent.message)).event).toMatchObject({
      plaintext: text('welcome back'),
    })
  })

  it('exports the same secret to all members, another for another label, context or epoch', async () => {
    const { devices, states } = await trio()
    const [a, b] = devices as [Device, Device, Device]
    const export1 = (d: Device, s: GroupState, label = 'l', context = 'c'): Promise<Uint8Array> =>
      exportSecret(d.ctx, s, label, text(context), 48)
    const secret = await export1(a, at(states, 0))
    expect(secret).toHaveLength(48)
    expect(await export1(b, at(states, 1))).toEqual(secret)
    expect(await export1(a, at(states, 0), 'm')).not.toEqual(secret)
    expect(await export1(a, at(states, 0), 'l', 'd')).not.toEqual(secret)
    expect(await export1(a, (await updateSelf(a.ctx, at(states, 0))).state)).not.toEqual(secret)
  })

  it('hands out copies: changing them changes nothing', async () => {
    const { states } = await trio()
    const state = at(states, 0)
    for (const member of members(state)) {
      member.credential.fill(0)
      member.signatureKey.fill(0)
    }
    groupIdOf(state).fill(0)
    epochAuthenticator(state).fill(0)
    expect(names(state)).toEqual(['ok:a', 'ok:b', 'ok:c'])
    expect(groupIdOf(state)).toEqual(GROUP_ID)
    expect(epochAuthenticator(state)).toEqual(epochAuthenticator(at(states, 1)))
  })
})

describe('arguments outside what an operation takes', () => {
  it('are refused by name', async () => {
    const { devices, states } = await trio()
    const { ctx, identity } = at(devices, 0)
    const state = at(states, 0)
    const none = text('')
    const refused: [string, () => unknown][] = [
      ['mls/bad-argument', () => createGroup(ctx, identity, new Uint8Array(15))],
      ['mls/bad-argument', () => addMembers(ctx, state, [])],
      ['mls/bad-argument', () => removeMembers(ctx, state, [])],
      ['mls/bad-argument', () => removeMembers(ctx, state, [0])],
      ['mls/not-a-member', () => removeMembers(ctx, state, [3])],
      ['mls/not-a-member', () => removeMembers(ctx, state, [-1])],
      ['mls/not-a-member', () => removeMembers(ctx, state, [0.5])],
      ['mls/not-a-member', () => removeMembers(ctx, state, [2 ** 31])],
      ['mls/bad-argument', () => exportSecret(ctx, state, 'l', none, 0)],
      ['mls/bad-argument', () => exportSecret(ctx, state, 'l', none, MAX_EXPORT_BYTES + 1)],
      ['mls/bad-argument', () => encryptMessage(ctx, state, new Uint8Array(262_145), none)],
      ['mls/bad-argument', () => encryptMessage(ctx, state, none, new Uint8Array(4097))],
      ['mls/foreign-state', () => encryptMessage(ctx, { kind: 'mls-group' }, none, none)],
      ['mls/foreign-state', () => members(structuredClone(state))],
      ['mls/bad-argument', () => createKeyPackage({ ...ctx, clock: { now: () => Number.NaN } }, identity)],
      ['mls/bad-argument', () => createKeyPackage({ ...ctx, clock: { now: () => -1000 } }, identity)],
    ]
    for (const [code, run] of refused) expect(await codeOf(run), String(run)).toBe(code)
  })

  it('a member twice in one removal counts once', async () => {
    const { devices, states } = await trio()
    const { state } = await removeMembers(at(devices, 0).ctx, at(states, 0), [1, 1])
    expect(names(state)).toEqual(['ok:a', 'ok:c'])
  })
})
