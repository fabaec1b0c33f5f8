// Snapshots: a state survives a restart whole, and nothing but a snapshot is taken for one.
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  isActive,
  joinGroup,
  members,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { wrapState } from '../src/state.js'
import { raw } from './attacker.js'
import { after, at, codeOf, type Device, device, GROUP_ID, groupOf, noble, seedOf, text } from './helpers.js'

const restart = (who: Device, state: GroupState): GroupState => decodeGroup(who.ctx, encodeGroup(state))

describe('a snapshot', () => {
  it('restores the state after every event, and gives the same bytes again', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => device(name)) as [Device, Device, Device]
    const states = await groupOf([a, b, c])
    let [sa, sb] = [at(states, 0), at(states, 1)]
    const step = async (): Promise<void> => {
      for (const [who, state] of [
        [a, sa],
        [b, sb],
      ] as const)
        expect(encodeGroup(restart(who, state))).toEqual(encodeGroup(state))
      ;[sa, sb] = [restart(a, sa), restart(b, sb)]
      const sent = await encryptMessage(a.ctx, sa, text('x'), text(''))
      sa = sent.state
      sb = restart(b, await after(b.ctx, sb, sent.message))
      expect(epochAuthenticator(sa)).toEqual(epochAuthenticator(sb))
    }
    await step()
    const skipped = await encryptMessage(a.ctx, sa, text('late'), text(''))
    sa = skipped.state
    await step()
    const update = await updateSelf(b.ctx, sb)
    ;[sa, sb] = [await after(a.ctx, sa, update.commit), update.state]
    await step()
    const removal = await removeMembers(a.ctx, sa, [2])
    ;[sa, sb] = [removal.state, await after(b.ctx, sb, removal.commit)]
    await step()
    const late = await processMessage(b.ctx, sb, skipped.message)
    expect(late.event).toMatchObject({ plaintext: text('late') })
  })

  it('of a removed member says so, and holds no secret of the group', async () => {
    const [a, b] = [device('a'), device('b')]
    const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
    const removal = await removeMembers(a.ctx, sa, [1])
    const out = await after(b.ctx, sb, removal.commit)
    const restored = restart(b, out)
    expect(isActive(restored)).toBe(false)
    expect(members(restored)).toEqual(members(sb))
    expect(await codeOf(() => epochAuthenticator(restored))).toBe('mls/removed')
    expect(await codeOf(() => updateSelf(b.ctx, restored))).toBe('mls/removed')
    const hex = Buffer.from(encodeGroup(out)).toString('hex')
    for (const secret of [epochAuthenticator(sb), seedOf(b)])
      expect(hex).not.toContain(Buffer.from(secret).toString('hex'))
  })

  it('made with one provider is restored by the other', async () => {
    const a = device('a')
    const b = device('b')
    const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
    const portable = { ...b, ctx: { ...b.ctx, crypto: noble } }
    const sent = await encryptMessage(a.ctx, sa, text('over'), text(''))
    const { event } = await processMessage(portable.ctx, restart(portable, sb), sent.message)
    expect(event).toMatchObject({ plaintext: text('over') })
  })

  it('is refused when cut short, prolonged, of another version, or changed in its keys', async () => {
    const [a, b] = [device('a'), device('b')]
    const state = at(await groupOf([a, b]), 1)
    const bytes = encodeGroup(state)
    const decode = (input: Uint8Array): Promise<string> => codeOf(() => decodeGroup(b.ctx, input))
    for (let end = 0; end < bytes.length; end += 7)
      expect(await decode(bytes.subarray(0, end)), `${end}`).toBe('mls/bad-snapshot')
    expect(await decode(Uint8Array.of(...bytes, 0))).toBe('mls/bad-snapshot')
    expect(await decode(Uint8Array.of(1, ...bytes.subarray(1)))).toBe('mls/bad-snapshot')
    const seed = Buffer.from(seedOf(b))
    const where = Buffer.from(bytes).indexOf(seed)
    expect(where).toBeGreaterThan(0)
    const changed = bytes.slice()
    changed[where] = (changed[where] as number) ^ 1
    expect(await decode(changed)).toBe('mls/bad-snapshot')
  })

  it('with any byte changed is refused or is another whole state, never another error', async () => {
    const [a, b] = [device('a'), device('b')]
    const bytes = encodeGroup(at(await groupOf([a, b]), 1))
    for (let i = 0; i < bytes.length; i += 3) {
      const changed = bytes.slice()
      changed[i] = (changed[i] as number) ^ 0x55
      expect(['mls/bad-snapshot', 'no error']).toContain(await codeOf(() => decodeGroup(b.ctx, changed)))
    }
  })

  it('whose tree or secret tree is not whole is refused', async () => {
    const [a, b] = [device('a'), device('b')]
    const { client } = raw(b, at(await groupOf([a, b]), 1))
    const { ratchetTree, secretTree, pastEpochs } = client
    const unmerged = ratchetTree.map((node) =>
      node?.nodeType === 'parent' ? { ...node, parent: { ...node.parent, unmergedLeaves: [2 ** 31] } } : node,
    )
    const past = {
      senderDataSecret: new Uint8Array(32),
      secretTree: { ...secretTree, width: 3 },
      groupContext: { ...client.groupContext, epoch: 0n },
      members: Uint8Array.of(1),
    }
    const broken = [
      { ratchetTree: unmerged },
      { secretTree: { ...secretTree, width: 4 } },
      { ratchetTree: ratchetTree.map((node, i) => (i === 0 ? ratchetTree[2] : node)) },
      { privatePath: { ...client.privatePath, leafIndex: 7 } },
      { pastEpochs: new Map([...pastEpochs, [0n, past]]) },
      { groupContext: { ...client.groupContext, groupId: new Uint8Array(15) } },
      { groupContext: { ...client.groupContext, epoch: 2n ** 60n } },
    ]
    for (const [i, change] of broken.entries()) {
      const bytes = encodeGroup(wrapState({ ...client, ...change }))
      expect(await codeOf(() => decodeGroup(b.ctx, bytes)), `change ${i}`).toBe('mls/bad-snapshot')
    }
    expect(await codeOf(() => decodeGroup(b.ctx, encodeGroup(wrapState(client))))).toBe('no error')
  })

  it('does not share memory with what it was read from', async () => {
    const [a, b] = [device('a'), device('b')]
    const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
    const bytes = encodeGroup(sb)
    const restored = decodeGroup(b.ctx, bytes)
    bytes.fill(0)
    const sent = await encryptMessage(a.ctx, sa, text('x'), text(''))
    expect((await processMessage(b.ctx, restored, sent.message)).event.kind).toBe('application')
  })
})

describe('the private half of a KeyPackage', () => {
  it('joins after a restart, and only with its own KeyPackage', async () => {
    const [a, b] = [device('a'), device('b')]
    const alone = await createGroup(a.ctx, a.identity, GROUP_ID)
    const offer = await createKeyPackage(b.ctx, b.identity)
    const other = await createKeyPackage(b.ctx, b.identity)
    const { welcome } = await addMembers(a.ctx, alone, [offer.keyPackage])
    const join = (keyPackage: Uint8Array, secret: Uint8Array): Promise<string> =>
      codeOf(() => joinGroup(b.ctx, { keyPackage, secret, welcome }))
    expect(await join(offer.keyPackage, offer.secret.slice())).toBe('no error')
    expect(await join(offer.keyPackage, other.secret)).toBe('mls/bad-key-package')
    expect(await join(other.keyPackage, other.secret)).toBe('mls/bad-welcome')
    expect(await join(offer.keyPackage, offer.secret.subarray(1))).toBe('mls/bad-snapshot')
    expect(await join(offer.keyPackage, Uint8Array.of(2, ...offer.secret.subarray(1)))).toBe(
      'mls/bad-snapshot',
    )
  })
})
