// States are values: no operation, and no failure, changes the one it was given; forgetting is a step apart.
import { describe, expect, it } from 'vitest'
import { secretsOf } from '../src/forget.js'
import {
  addMembers,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  forgetGroup,
  type GroupState,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { unwrapState } from '../src/state.js'
import { custom, extensions, rawCommit, rawPath, rawProposal } from './attacker.js'
import { after, codeOf, type Device, device, groupOf, text } from './helpers.js'

async function pair(): Promise<[Device, Device, GroupState, GroupState]> {
  const [a, b] = [device('a'), device('b')]
  const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
  return [a, b, sa, sb]
}

describe('the state that an operation was given', () => {
  it('is the same after every operation', async () => {
    const [a, b, sa, sb] = await pair()
    const c = device('c')
    const offer = await createKeyPackage(c.ctx, c.identity)
    const [beforeA, beforeB] = [encodeGroup(sa), encodeGroup(sb)]
    const { message } = await encryptMessage(a.ctx, sa, text('x'), text(''))
    const commits = [
      (await addMembers(a.ctx, sa, [offer.keyPackage])).commit,
      (await removeMembers(a.ctx, sa, [1])).commit,
      (await updateSelf(a.ctx, sa)).commit,
    ]
    for (const bytes of [message, ...commits]) await processMessage(b.ctx, sb, bytes)
    expect(encodeGroup(sa)).toEqual(beforeA)
    expect(encodeGroup(sb)).toEqual(beforeB)
  })

  it('is the same after every failure, and goes on working', async () => {
    const [a, b, sa, sb] = await pair()
    const before = encodeGroup(sb)
    const good = await encryptMessage(a.ctx, sa, text('good'), text(''))
    const update = await updateSelf(a.ctx, sa)
    const bad: Uint8Array[] = [
      text('nonsense'),
      good.message.map((byte, i) => (i === good.message.length - 1 ? byte ^ 1 : byte)),
      update.commit.map((byte, i) => (i === update.commit.length - 1 ? byte ^ 1 : byte)),
      (await encryptMessage(a.ctx, update.state, text('ahead'), text(''))).message,
      await rawCommit(a, sa, { proposals: [custom(0xf00d)], path: (await rawPath(a, sa)).path }),
      await rawCommit(a, sa, { path: (await rawPath(a, sa)).path }),
      (await rawProposal(a, sa, extensions(0xf001))).message,
    ]
    for (const message of bad) {
      expect(await codeOf(() => processMessage(b.ctx, sb, message))).toMatch(/^mls\//)
      expect(encodeGroup(sb)).toEqual(before)
    }
    const read = await processMessage(b.ctx, sb, good.message)
    expect(read.event).toMatchObject({ plaintext: text('good') })
    expect(epochAuthenticator(await after(b.ctx, sb, update.commit))).toEqual(
      epochAuthenticator(update.state),
    )
  })

  it('takes a rival commit after another was processed (defect 1)', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => device(name)) as [Device, Device, Device]
    const [sa, sb, sc] = (await groupOf([a, b, c])) as [GroupState, GroupState, GroupState]
    const first = await updateSelf(a.ctx, sa)
    const rival = await updateSelf(c.ctx, sc)
    const one = await after(b.ctx, sb, first.commit)
    const other = await after(b.ctx, sb, rival.commit)
    expect(epochAuthenticator(one)).toEqual(epochAuthenticator(first.state))
    expect(epochAuthenticator(other)).toEqual(epochAuthenticator(rival.state))
    // The committer too: its own commit lost, so it goes on from the state before it.
    expect(epochAuthenticator(await after(a.ctx, sa, rival.commit))).toEqual(epochAuthenticator(rival.state))
  })
})

describe('forgetGroup (defects 1 and 9)', () => {
  it('zeroes what the successor does not hold, and leaves the successor whole', async () => {
    const [a, b, sa, sb] = await pair()
    const rival = await updateSelf(b.ctx, sb)
    const update = await updateSelf(a.ctx, sa)
    const next = await after(b.ctx, sb, update.commit)
    const before = encodeGroup(next)
    const kept = new Set([next, rival.state].flatMap((s) => [...secretsOf(unwrapState(s))]))
    const old = [...secretsOf(unwrapState(sb))].filter((secret) => secret.length > 0)
    expect(old.some((secret) => !kept.has(secret))).toBe(true)
    forgetGroup(sb, [next, rival.state])
    for (const secret of old) expect(secret.every((byte) => byte === 0)).toBe(!kept.has(secret))
    expect(encodeGroup(next)).toEqual(before)
    expect(await codeOf(() => encodeGroup(sb))).toBe('mls/foreign-state')
    const sent = await encryptMessage(a.ctx, update.state, text('on'), text(''))
    expect((await processMessage(b.ctx, next, sent.message)).event.kind).toBe('application')
    expect(epochAuthenticator(await after(a.ctx, sa, rival.commit))).toEqual(epochAuthenticator(rival.state))
  })

  it('does nothing to a state that is to be kept', async () => {
    const [, , sa] = await pair()
    const before = encodeGroup(sa)
    forgetGroup(sa, [sa])
    expect(encodeGroup(sa)).toEqual(before)
  })

  it('works on a restored state, whose arrays are views of one buffer', async () => {
    const [a, b, sa, sb] = await pair()
    const restored = decodeGroup(b.ctx, encodeGroup(sb))
    const sent = await encryptMessage(a.ctx, sa, text('x'), text(''))
    const next = await after(b.ctx, restored, sent.message)
    const before = encodeGroup(next)
    forgetGroup(restored, [next])
    expect(encodeGroup(next)).toEqual(before)
  })
})
