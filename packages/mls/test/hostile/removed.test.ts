// What a member can do that was removed: nothing.
import { equalBytes } from '@hyphae/core'
import type { HPKECiphertext } from 'ts-mls'
import { decryptWithLabel } from 'ts-mls/crypto/hpke.js'
import { encodeGroupContext } from 'ts-mls/groupContext.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { decodeMessage } from '../../src/codec.js'
import { buildCommit } from '../../src/commit.js'
import {
  changeGroup,
  createKeyPackage,
  encryptMessage,
  type GroupState,
  processMessage,
  type Roles,
  removeMembers,
  rolesOf,
  updateSelf,
} from '../../src/index.js'
import { keysFor, openMessage } from '../../src/message.js'
import { add, raw, remove } from '../attacker.js'
import { after, codeOf, type Device, device, groupOf, text } from '../helpers.js'

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

/** The encrypted path secrets in a commit, as c reads them. */
async function pathOf(commit: Uint8Array): Promise<HPKECiphertext[]> {
  const decoded = decodeMessage(commit, 1 << 20, 'mls/malformed')
  if (decoded.wireformat !== 'mls_private_message') throw new Error('not private')
  const opened = raw(c, sc)
  const read = await openMessage(opened, keysFor(opened, decoded.privateMessage), decoded.privateMessage)
  const { content } = read.authenticated
  if (content.contentType !== 'commit' || content.commit.path === undefined) throw new Error('no path')
  return content.commit.path.nodes.flatMap(({ encryptedPathSecret }) => encryptedPathSecret)
}

/** How many of them open with a key that the device holds, whose commit leads to the state `next` of `a`. */
async function opens(
  who: Device,
  state: GroupState,
  sealed: readonly HPKECiphertext[],
  next: GroupState,
): Promise<number> {
  const { client, cs } = raw(who, state)
  const { epoch, treeHash, extensions } = raw(a, next).client.groupContext
  const context = encodeGroupContext({ ...client.groupContext, epoch, treeHash, extensions })
  let count = 0
  for (const key of Object.values(client.privatePath.privateKeys)) {
    const privateKey = await cs.hpke.importPrivateKey(key)
    for (const { kemOutput, ciphertext } of sealed) {
      const open = (): Promise<Uint8Array> =>
        decryptWithLabel(privateKey, 'UpdatePathNode', context, kemOutput, ciphertext, cs.hpke)
      if ((await codeOf(open)) === 'no error') count++
    }
  }
  return count
}

describe('hostile 26: a removed member', () => {
  it('reads nothing of the next epoch: not its messages, not its exporter', async () => {
    const removal = await removeMembers(a.ctx, sa, [2])
    const { message } = await encryptMessage(a.ctx, removal.state, text('secret'), text(''))
    const out = await processMessage(c.ctx, sc, removal.commit)
    expect(out.event).toMatchObject({ removedSelf: true, removed: [{ leaf: 2 }] })
    expect(await codeOf(() => processMessage(c.ctx, out.state, message))).toBe('mls/removed')
    expect(await codeOf(() => encryptMessage(c.ctx, out.state, text(''), text('')))).toBe('mls/removed')
    // With the old state, as a cheat would keep it.
    expect(await codeOf(() => processMessage(c.ctx, sc, message))).toBe('mls/wrong-epoch')
    const { client } = raw(c, sc)
    const { client: next } = raw(a, removal.state)
    const known = [client.keySchedule.senderDataSecret, ...Object.values(client.privatePath.privateKeys)]
    for (const secret of known) expect(equalBytes(secret, next.keySchedule.senderDataSecret)).toBe(false)
  })

  it('cannot open the path of the commit that removes it with any key that it holds', async () => {
    for (const leaves of [[2], [1, 2]]) {
      const removal = await removeMembers(a.ctx, sa, leaves)
      const sealed = await pathOf(removal.commit)
      expect(sealed.length).toBe(2 - leaves.length)
      expect(await opens(c, sc, sealed, removal.state)).toBe(0)
      expect(await opens(b, sb, sealed, removal.state)).toBe(2 - leaves.length)
    }
  })

  it('nor where the commit adds others as well, or changes the roles', async () => {
    const options = { inviteRule: 'admins', externalJoinRule: 'nobody' } as const
    ;[sa, sb, sc] = (await groupOf([a, b, c], options)) as [GroupState, GroupState, GroupState]
    const d = device('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    const roles = { ...(rolesOf(sa) as Roles), inviteRule: 'members' } as const
    for (const also of [{ add: [keyPackage] }, { roles }, { add: [keyPackage], roles }]) {
      const removal = await changeGroup(a.ctx, sa, { remove: [2], ...also })
      const sealed = await pathOf(removal.commit)
      expect(await opens(c, sc, sealed, removal.state)).toBe(0)
      expect(await opens(b, sb, sealed, removal.state)).toBe(1)
      const out = await processMessage(c.ctx, sc, removal.commit)
      expect(out.event).toMatchObject({ removedSelf: true })
      const { message } = await encryptMessage(a.ctx, removal.state, text('secret'), text(''))
      for (const state of [sc, out.state])
        expect(await codeOf(() => processMessage(c.ctx, state, message))).toMatch(/wrong-epoch|removed/)
    }
  })

  it('whose place is taken in the same commit still learns that it is out', async () => {
    const d = device('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    const built = await buildCommit(a.ctx, raw(a, sa), { proposals: [remove(2), add(keyPackage)] })
    expect(built.added.map(([leaf]) => leaf as number)).toEqual([2])
    const out = await processMessage(c.ctx, sc, built.commit)
    expect(out.event).toMatchObject({ removedSelf: true, removed: [{ leaf: 2 }], added: [{ leaf: 2 }] })
    const { event } = await processMessage(b.ctx, sb, built.commit)
    expect(event).toMatchObject({ removedSelf: false })
  })

  it('sends nothing that is read any more', async () => {
    const old = await encryptMessage(c.ctx, sc, text('I am still here'), text(''))
    const forged = await updateSelf(c.ctx, sc)
    const removal = await removeMembers(a.ctx, sa, [2])
    const state = await after(b.ctx, sb, removal.commit)
    expect(await codeOf(() => processMessage(b.ctx, state, old.message))).toBe('mls/not-a-member')
    expect(await codeOf(() => processMessage(b.ctx, state, forged.commit))).toBe('mls/wrong-epoch')
  })
})
