import { createCommit } from 'ts-mls/createCommit.js'
import { encodeMlsMessage } from 'ts-mls/message.js'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  MAX_PENDING_PROPOSALS,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { wrapState } from '../src/state.js'
import { add, custom, extensions, raw, rawProposal, rawUpdate, remove } from './attacker.js'
import { after, codeOf, type Device, device, groupOf, text } from './helpers.js'
import { fromTsState, tsState } from './ts-mls-state.js'

let a: Device
let b: Device
let c: Device
let sa: GroupState
let sb: GroupState
let sc: GroupState

beforeEach(async () => {
  ;[a, b, c] = [device('a'), device('b'), device('c')]
  ;[sa, sb, sc] = (await groupOf([a, b, c])) as [GroupState, GroupState, GroupState]
})

async function updateProposal(...args: Parameters<typeof rawUpdate>): Promise<Uint8Array> {
  return (await rawProposal(args[0], args[1], await rawUpdate(...args))).message
}

const freshKey = (): Uint8Array => b.ctx.crypto.x25519.generate().publicKey

describe('a poisoned proposal', () => {
  it('is refused, so that commits and messages go on', async () => {
    const d = device('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    const taken = raw(b, sb).client.ratchetTree[2]
    if (taken?.nodeType !== 'leaf') throw new Error('no leaf')
    const identity = text('ok:somebody else')
    const poison = [
      ...(await Promise.all(
        [extensions(0xf001), add(keyPackage), remove(1), remove(77), custom(0xf00d)].map(
          async (proposal) => (await rawProposal(a, sa, proposal)).message,
        ),
      )),
      await updateProposal(a, sa, new Uint8Array(32)),
      await updateProposal(a, sa, taken.leaf.hpkePublicKey),
      await updateProposal(a, sa, freshKey(), { credential: { credentialType: 'basic', identity } }),
      await updateProposal(a, sa, freshKey(), { signaturePublicKey: freshKey() }),
    ]
    const before = encodeGroup(sb)
    for (const message of poison) {
      const code = await codeOf(() => processMessage(b.ctx, sb, message))
      expect(code).toMatch(/^mls\/(bad-proposal|unsupported-proposal|duplicate-member)$/)
      expect(encodeGroup(sb)).toEqual(before)
    }
    expect(await codeOf(() => encryptMessage(b.ctx, sb, text('x'), text('')))).toBe('no error')
    const { state, commit } = await updateSelf(b.ctx, sb)
    expect(epochAuthenticator(await after(c.ctx, sc, commit))).toEqual(epochAuthenticator(state))
  })

  it('cannot be made of two that are good alone: the second with the same key is refused', async () => {
    const key = freshKey()
    const first = await after(b.ctx, sb, await updateProposal(a, sa, key))
    const second = await updateProposal(c, sc, key)
    expect(await codeOf(() => processMessage(b.ctx, first, second))).toBe('mls/duplicate-member')
  })

  it('cannot pile up: a member has a few, and takes no room from others', async () => {
    let state = sb
    let sender = sa
    for (let i = 0; i <= MAX_PENDING_PROPOSALS; i++) {
      const { message, state: next } = await rawProposal(a, sender, await rawUpdate(a, sender, freshKey()))
      sender = next
      if (i < MAX_PENDING_PROPOSALS) state = await after(b.ctx, state, message)
      else expect(await codeOf(() => processMessage(b.ctx, state, message))).toBe('mls/bad-proposal')
    }
    const leave = await rawProposal(c, sc, remove(2))
    expect(await codeOf(() => processMessage(b.ctx, state, leave.message))).toBe('no error')
  })

  it('that slipped in, as from an older snapshot, is left out of the next commit', async () => {
    const { client } = raw(b, sb)
    const poisoned = { proposal: remove(77), senderLeafIndex: 2 }
    const state = wrapState({ ...client, unappliedProposals: { AAAA: poisoned } })
    expect(await codeOf(() => encryptMessage(b.ctx, state, text('x'), text('')))).toBe('no error')
    const update = await updateSelf(b.ctx, state)
    expect(epochAuthenticator(await after(c.ctx, sc, update.commit))).toEqual(
      epochAuthenticator(update.state),
    )
  })
})

describe('a proposal that is kept', () => {
  it('to leave: blocks no message, survives a restart, and goes into the next commit', async () => {
    const leave = await rawProposal(c, sc, remove(2))
    const read = await processMessage(b.ctx, sb, leave.message)
    expect(read.event).toMatchObject({ kind: 'proposal', sender: { leaf: 2 } })
    const kept = decodeGroup(b.ctx, encodeGroup(read.state))
    const sent = await encryptMessage(b.ctx, kept, text('not blocked'), text(''))
    const ra = await after(a.ctx, sa, leave.message)
    expect((await processMessage(a.ctx, ra, sent.message)).event).toMatchObject({
      plaintext: text('not blocked'),
    })
    const commit = await updateSelf(b.ctx, kept)
    const seen = await processMessage(a.ctx, ra, commit.commit)
    expect(seen.event).toMatchObject({ removed: [{ leaf: 2 }] })
    expect(epochAuthenticator(seen.state)).toEqual(epochAuthenticator(commit.state))
    const out = await processMessage(c.ctx, leave.state, commit.commit)
    expect(out.event).toMatchObject({ removedSelf: true })
  })

  it('to leave: is taken up so that members who never read it can follow', async () => {
    const leave = await rawProposal(c, sc, remove(2))
    const kept = await after(b.ctx, sb, leave.message)
    const { state, commit } = await updateSelf(b.ctx, kept)
    expect(epochAuthenticator(await after(a.ctx, sa, commit))).toEqual(epochAuthenticator(state))
    const removal = await removeMembers(b.ctx, kept, [2])
    expect(await codeOf(() => processMessage(a.ctx, sa, removal.commit))).toBe('no error')
  })

  it('is gone in the next epoch, whoever began it', async () => {
    const leave = await rawProposal(c, sc, remove(2))
    const kept = await after(b.ctx, sb, leave.message)
    const other = await updateSelf(a.ctx, sa)
    const { commit } = await updateSelf(b.ctx, await after(b.ctx, kept, other.commit))
    const { event } = await processMessage(a.ctx, other.state, commit)
    expect(event).toMatchObject({ removed: [] })
  })

  it('to update: is followed when a commit names it, and asked for by whoever has not read it', async () => {
    const update = await updateProposal(a, sa, freshKey())
    const [kb, kc] = [await after(b.ctx, sb, update), await after(c.ctx, sc, update)]
    const opened = raw(b, kb)
    // Another implementation may put references into its commits; ours does not.
    const made = await createCommit({ state: tsState(opened), cipherSuite: opened.cs })
    const commit = encodeMlsMessage(made.commit)
    const followed = await after(c.ctx, kc, commit)
    expect(epochAuthenticator(followed)).toEqual(epochAuthenticator(wrapState(fromTsState(made.newState))))
    expect(await codeOf(() => processMessage(c.ctx, sc, commit))).toBe('mls/missing-proposal')
    const own = await updateSelf(b.ctx, kb)
    expect(epochAuthenticator(await after(c.ctx, sc, own.commit))).toEqual(epochAuthenticator(own.state))
  })
})
