// Hostile case 28: a Welcome that is not what it says. Nothing exists before every check has passed.
import type { GroupInfo, RatchetTree } from 'ts-mls'
import { validateRatchetTree } from 'ts-mls/clientState.js'
import { createGroupInfoWithRatchetTree } from 'ts-mls/createCommit.js'
import { createConfirmationTag } from 'ts-mls/framedContent.js'
import { extractWelcomeSecret, signGroupInfo } from 'ts-mls/groupInfo.js'
import type { GroupSecrets } from 'ts-mls/groupSecrets.js'
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js'
import { deriveKeySchedule } from 'ts-mls/keySchedule.js'
import { encryptGroupInfo, encryptGroupSecrets } from 'ts-mls/welcome.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage } from '../../src/codec.js'
import {
  addMembers,
  createKeyPackage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  MAX_WELCOME_BYTES,
  members,
  updateSelf,
} from '../../src/index.js'
import { decodeKeyPackage } from '../../src/key-package.js'
import { suiteOf } from '../../src/provider.js'
import { hashTree } from '../../src/tree-hash.js'
import { openGroupInfo, openGroupSecrets } from '../../src/welcome.js'
import { raw } from '../attacker.js'
import { after, at, codeOf, type Device, device, groupOf, text } from '../helpers.js'
import { tsState } from '../ts-mls-state.js'

let a: Device
let c: Device
let sa: GroupState
let offer: { keyPackage: Uint8Array; secret: Uint8Array }
let welcome: Uint8Array
let added: GroupState

beforeEach(async () => {
  ;[a, c] = [device('a'), device('c')]
  sa = at(await groupOf([a, device('b')]), 0)
  offer = await createKeyPackage(c.ctx, c.identity)
  const made = await addMembers(a.ctx, sa, [offer.keyPackage])
  welcome = made.welcome
  added = made.state
})

const join = (bytes: Uint8Array, who: Device = c): Promise<string> =>
  codeOf(() => joinGroup(who.ctx, { ...offer, welcome: bytes }))

interface Tampering {
  readonly info?: (info: GroupInfo) => Partial<GroupInfo>
  readonly tree?: (tree: RatchetTree) => RatchetTree
  readonly pathSecret?: Uint8Array
  readonly psks?: GroupSecrets['psks']
  readonly resign?: boolean
  /** Tree hash and confirmation tag are made to fit. */
  readonly consistent?: boolean
  readonly withoutPath?: boolean
}

/** Everything sealed anew for the joiner. */
async function sealed(info: GroupInfo, secrets: GroupSecrets): Promise<Uint8Array> {
  const { cs } = raw(a, added)
  const keyPackage = decodeKeyPackage(offer.keyPackage)
  const welcomeSecret = await extractWelcomeSecret(secrets.joinerSecret, new Uint8Array(32), cs.kdf)
  const encryptedGroupInfo = await encryptGroupInfo(info, welcomeSecret, cs)
  const initKey = await cs.hpke.importPublicKey(keyPackage.initKey)
  const box = await encryptGroupSecrets(initKey, encryptedGroupInfo, secrets, cs.hpke)
  const encryptedGroupSecrets = { kemOutput: box.enc, ciphertext: box.ct }
  const newMember = await makeKeyPackageRef(keyPackage, cs.hash)
  return encodeMessage({
    version: 'mls10',
    wireformat: 'mls_welcome',
    welcome: {
      cipherSuite: info.groupContext.cipherSuite,
      encryptedGroupInfo,
      secrets: [{ newMember, encryptedGroupSecrets }],
    },
  })
}

/** A description of the group whose tree hash and confirmation tag are right for what it says. */
async function fitted(info: GroupInfo, tree: RatchetTree, joinerSecret: Uint8Array): Promise<GroupInfo> {
  const { cs } = raw(a, added)
  const groupContext = {
    ...info.groupContext,
    treeHash: hashTree(suiteOf(a.ctx.crypto, 1).sync.hash, tree).root,
  }
  const [keys] = await deriveKeySchedule(joinerSecret, new Uint8Array(32), groupContext, cs.kdf)
  const { confirmedTranscriptHash } = groupContext
  const confirmationTag = await createConfirmationTag(keys.confirmationKey, confirmedTranscriptHash, cs.hash)
  return { ...info, groupContext, confirmationTag }
}

/** The Welcome as its inviter could have made it: everything sealed and signed, the content changed. */
async function tampered(how: Tampering): Promise<Uint8Array> {
  const { client, cs } = raw(a, added)
  const decoded = decodeMessage(welcome, MAX_WELCOME_BYTES, 'mls/bad-welcome')
  if (decoded.wireformat !== 'mls_welcome') throw new Error('not a Welcome')
  const keyPackage = decodeKeyPackage(offer.keyPackage)
  const secrets = await openGroupSecrets(cs, decoded.welcome, keyPackage, offer.secret.slice(1, 33))
  const { groupContext, confirmationTag } = await openGroupInfo(cs, decoded.welcome, secrets.joinerSecret)
  const tree = how.tree?.(client.ratchetTree) ?? client.ratchetTree
  const base = await createGroupInfoWithRatchetTree(
    groupContext,
    confirmationTag,
    tsState({ client, cs }),
    tree,
    [],
    cs,
  )
  const changed = { ...base, ...how.info?.(base) }
  const info = how.consistent === true ? await fitted(changed, tree, secrets.joinerSecret) : changed
  const signed =
    how.resign === false ? info : await signGroupInfo(info, client.signaturePrivateKey, cs.signature)
  const pathSecret = how.withoutPath === true ? undefined : (how.pathSecret ?? secrets.pathSecret)
  return sealed(signed, { ...secrets, psks: how.psks ?? [], pathSecret })
}

const replaced =
  (index: number, leaf: object) =>
  (tree: RatchetTree): RatchetTree =>
    tree.map((node, i) =>
      i === index && node?.nodeType === 'leaf' ? { ...node, leaf: { ...node.leaf, ...leaf } } : node,
    )

describe('hostile 28: a Welcome', () => {
  it('made again by its inviter without a change is good, so the other refusals are of the changes', async () => {
    expect(await join(await tampered({}))).toBe('no error')
  })

  it('for another KeyPackage or device does not open', async () => {
    const other = await createKeyPackage(c.ctx, c.identity)
    const with_ = (keyPackage: Uint8Array, secret: Uint8Array): Promise<string> =>
      codeOf(() => joinGroup(c.ctx, { keyPackage, secret, welcome }))
    expect(await with_(other.keyPackage, other.secret)).toBe('mls/bad-welcome')
    expect(await with_(offer.keyPackage, other.secret)).toBe('mls/bad-key-package')
  })

  it('that is cut short, prolonged or changed anywhere is refused', async () => {
    for (let i = 0; i < welcome.length; i += 3) {
      expect(await join(welcome.subarray(0, i))).toBe('mls/bad-welcome')
      const changed = welcome.slice()
      changed[i] = (changed[i] as number) ^ 1
      expect(await join(changed), `byte ${i}`).toMatch(/^mls\/(bad-welcome|unexpected-message)$/)
    }
    expect(await join(Uint8Array.of(...welcome, 0))).toBe('mls/bad-welcome')
    expect(await join(new Uint8Array(MAX_WELCOME_BYTES + 1))).toBe('mls/too-large')
    expect(await join(offer.keyPackage)).toBe('mls/unexpected-message')
  })

  it('whose signature, signer, epoch, group or confirmation tag is another is refused', async () => {
    const changes: Tampering[] = [
      { info: () => ({ signature: new Uint8Array(64) }), resign: false },
      { info: () => ({ signer: 1 }) },
      { info: () => ({ signer: 2 }) },
      { info: () => ({ signer: 3 }) },
      { info: () => ({ signer: 2 ** 32 - 1 }) },
      { info: ({ groupContext: g }) => ({ groupContext: { ...g, epoch: g.epoch + 1n } }) },
      { info: ({ groupContext: g }) => ({ groupContext: { ...g, epoch: 2n ** 60n } }) },
      { info: ({ groupContext: g }) => ({ groupContext: { ...g, groupId: new Uint8Array(16) } }) },
      { info: ({ groupContext: g }) => ({ groupContext: { ...g, groupId: new Uint8Array(15) } }) },
      { info: ({ groupContext: g }) => ({ groupContext: { ...g, treeHash: new Uint8Array(32) } }) },
      {
        info: ({ groupContext: g }) => ({
          groupContext: { ...g, extensions: [{ extensionType: 0xf001, extensionData: text('') }] },
        }),
      },
      {
        info: ({ groupContext: g }) => ({
          groupContext: {
            ...g,
            extensions: [{ extensionType: 'external_senders', extensionData: text('') }],
          },
        }),
      },
      { info: () => ({ confirmationTag: new Uint8Array(32) }) },
      { info: () => ({ extensions: [] }) },
      { info: ({ extensions }) => ({ extensions: [...extensions, ...extensions] }) },
    ]
    for (const [i, change] of changes.entries())
      expect(await join(await tampered(change)), `change ${i}`).toBe('mls/bad-welcome')
  })

  it('whose tree has a leaf of somebody else, a wrong key or no place for the joiner is refused', async () => {
    const eve = decodeKeyPackage(
      (await createKeyPackage(device('eve').ctx, device('eve').identity)).keyPackage,
    )
    const trees: ((tree: RatchetTree) => RatchetTree)[] = [
      (tree) => tree.map((node, i) => (i === 2 ? { nodeType: 'leaf', leaf: eve.leafNode } : node)),
      (tree) => tree.map((node, i) => (i === 4 ? undefined : node)).slice(0, 3),
      (tree) => tree.map((node, i) => (i === 1 || i === 3 ? undefined : node)),
      replaced(2, { hpkePublicKey: c.ctx.crypto.x25519.generate().publicKey }),
      replaced(2, { signature: new Uint8Array(64) }),
    ]
    for (const [i, tree] of trees.entries())
      expect(await join(await tampered({ tree })), `tree ${i}`).toBe('mls/bad-welcome')
    const { signatureKey } = at(members(added), 0)
    expect(await join(await tampered({ tree: replaced(2, { signaturePublicKey: signatureKey }) }))).toBe(
      'mls/duplicate-member',
    )
  })

  it('with a path secret that does not give the keys in the tree is refused', async () => {
    expect(await join(await tampered({ pathSecret: new Uint8Array(32).fill(1) }))).toBe('mls/bad-welcome')
  })

  it('that is right in all but one thing is refused for that', async () => {
    const bare = (tree: RatchetTree): RatchetTree =>
      tree.map((node, i) => (i === 1 || i === 3 ? undefined : node))
    const unsigned = replaced(2, { signature: new Uint8Array(64) })
    const hpkePublicKey = c.ctx.crypto.x25519.generate().publicKey
    const pointless = (tree: RatchetTree): RatchetTree =>
      tree.map((node, i) =>
        i === 1 && node?.nodeType === 'parent'
          ? { ...node, parent: { ...node.parent, hpkePublicKey } }
          : node,
      )
    const external = { extensionType: 'external_senders' as const, extensionData: text('') }
    const withExternal: Tampering['info'] = ({ groupContext }) => ({
      groupContext: { ...groupContext, extensions: [external] },
    })
    const cases: [string, Tampering, string][] = [
      ['nothing', { consistent: true }, 'no error'],
      ['a tree without parents', { tree: bare, withoutPath: true, consistent: true }, 'no error'],
      ['its tree hash', { tree: bare, withoutPath: true }, 'mls/bad-welcome'],
      [
        'a leaf signature',
        { tree: (tree) => unsigned(bare(tree)), withoutPath: true, consistent: true },
        'mls/bad-welcome',
      ],
      ['a parent hash', { tree: pointless, consistent: true }, 'mls/bad-welcome'],
      ['external senders', { info: withExternal, consistent: true }, 'mls/bad-welcome'],
    ]
    for (const [name, how, code] of cases) expect(await join(await tampered(how)), name).toBe(code)
  })

  it('that asks for a pre-shared key is refused', async () => {
    const psk = { psktype: 'external' as const, pskId: text('psk'), pskNonce: new Uint8Array(32) }
    expect(await join(await tampered({ psks: [psk] }))).toBe('mls/bad-welcome')
  })

  it('into a group with a member whose credential is refused, is refused', async () => {
    const picky = device('c', {
      authenticate: (credential) => !new TextDecoder().decode(credential).endsWith('b'),
    })
    const mine = { ...picky, identity: c.identity }
    expect(await join(welcome, mine)).toBe('mls/bad-credential')
  })

  it('says nothing about the group when it is refused', async () => {
    const error = await joinGroup(c.ctx, {
      ...offer,
      welcome: await tampered({ info: () => ({ signer: 1 }) }),
    }).catch((e: unknown) => e)
    expect(Object.keys((error as { details: object }).details)).toEqual([])
  })
})

describe('a tree with unmerged leaves at different heights', () => {
  it('is joined, though ts-mls alone refuses it', async () => {
    const devices = Array.from({ length: 7 }, (_, i) => device(`m${i}`))
    let states = await groupOf(devices)
    const step = async (committer: number, commit: Uint8Array, state: GroupState): Promise<void> => {
      states = await Promise.all(
        states.map((s, i) => (i === committer ? state : after(at(devices, i).ctx, s, commit))),
      )
    }
    // Leaf 4 fills the nodes above it; then leaf 0 adds an eighth member, which stays unmerged at one of
    // them, and refreshes the root, which then lists nobody.
    const update = await updateSelf(at(devices, 4).ctx, at(states, 4))
    await step(4, update.commit, update.state)
    const d = device('eighth')
    const invitation = await createKeyPackage(d.ctx, d.identity)
    const add = await addMembers(at(devices, 0).ctx, at(states, 0), [invitation.keyPackage])
    await step(0, add.commit, add.state)
    const joined = await joinGroup(d.ctx, { ...invitation, welcome: add.welcome })
    expect(epochAuthenticator(joined)).toEqual(epochAuthenticator(at(states, 3)))
    const { client, cs } = raw(d, joined)
    const { groupContext, ratchetTree, clientConfig } = client
    const { authService, lifetimeConfig } = clientConfig
    const refusal = await validateRatchetTree(
      ratchetTree,
      groupContext,
      lifetimeConfig,
      authService,
      groupContext.treeHash,
      cs,
    )
    expect(refusal?.message).toContain('unmerged_leaves')
  })
})
