// Commits and proposals of a member that breaks the rules. Every honest member refuses each, and goes on.
import type { Proposal, UpdatePath } from 'ts-mls'
import { applyProposals } from 'ts-mls/clientState.js'
import {
  createCommit,
  createGroupInfoWithExternalPubAndRatchetTree,
  joinGroupExternal,
} from 'ts-mls/createCommit.js'
import { encodeMlsMessage } from 'ts-mls/message.js'
import { emptyPskIndex } from 'ts-mls/pskIndex.js'
import { toLeafIndex } from 'ts-mls/treemath.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { clientConfig } from '../../src/context.js'
import {
  addMembers,
  createKeyPackage,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  members,
  processMessage,
  updateSelf,
} from '../../src/index.js'
import { generatePair } from '../../src/key-package.js'
import { add, custom, extensions, raw, rawCommit, rawPath, rawProposal, remove } from '../attacker.js'
import { after, at, codeOf, type Device, device, groupOf, string, text } from '../helpers.js'
import { tsState } from '../ts-mls-state.js'

let a: Device
let b: Device
let c: Device
let sa: GroupState
let sb: GroupState
let _sc: GroupState

beforeEach(async () => {
  ;[a, b, c] = [device('a'), device('b'), device('c')]
  ;[sa, sb, _sc] = (await groupOf([a, b, c])) as [GroupState, GroupState, GroupState]
})

/** What b says of a message of a; its state must not have moved. */
async function verdict(message: Uint8Array): Promise<string> {
  const before = encodeGroup(sb)
  const code = await codeOf(() => processMessage(b.ctx, sb, message))
  expect(encodeGroup(sb)).toEqual(before)
  return code
}

const withPath = async (proposals: Proposal[], leaf: object = {}): Promise<Uint8Array> =>
  rawCommit(a, sa, { proposals, ...(await rawPath(a, sa, leaf)) })

describe('hostile 24: proposals that a group refuses', () => {
  const reinit: Proposal = {
    proposalType: 'reinit',
    reinit: {
      groupId: new Uint8Array(16),
      version: 'mls10',
      cipherSuite: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
      extensions: [],
    },
  }
  const psk: Proposal = {
    proposalType: 'psk',
    psk: {
      preSharedKeyId: { psktype: 'external', pskId: text('psk'), pskNonce: new Uint8Array(32) },
    },
  }
  it.each([
    ['group context extensions, with and without a path (defects 2 and 3)', extensions(0xf001)],
    ['external senders (defect 4)', extensions(5)],
    ['reinit', reinit],
    ['a pre-shared key (defect 7)', psk],
    ['a custom proposal', custom(0xf00d)],
  ])('%s', async (_, proposal) => {
    expect(await verdict(await rawCommit(a, sa, { proposals: [proposal] }))).toBe('mls/unsupported-proposal')
    expect(await verdict(await withPath([proposal]))).toBe('mls/unsupported-proposal')
    expect(await verdict(await withPath([proposal, remove(2)]))).toBe('mls/unsupported-proposal')
    const { message } = await rawProposal(a, sa, proposal)
    expect(await verdict(message)).toBe('mls/unsupported-proposal')
  })

  it('an external commit, though it would remove only its own device (defect 5)', async () => {
    const opened = raw(a, sa)
    const { cs } = opened
    const info = await createGroupInfoWithExternalPubAndRatchetTree(tsState(opened), [], cs)
    const eve = device('eve')
    const { publicPackage, privatePackage } = await generatePair(eve.ctx, eve.identity)
    const { publicMessage } = await joinGroupExternal(
      info,
      publicPackage,
      privatePackage,
      false,
      cs,
      undefined,
      clientConfig(eve.ctx),
    )
    const message = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage })
    expect(await verdict(message)).toBe('mls/external-commit')
    const inline: Proposal = {
      proposalType: 'external_init',
      externalInit: { kemOutput: new Uint8Array(32) },
    }
    expect(await verdict(await withPath([inline]))).toBe('mls/external-commit')
  })

  it('handshakes as PublicMessages: outsiders would read who does what', async () => {
    const opened = raw(a, sa)
    const state = tsState(opened)
    const { commit } = await createCommit({ state, cipherSuite: opened.cs }, { wireAsPublicMessage: true })
    expect(await verdict(encodeMlsMessage(commit))).toBe('mls/unexpected-message')
  })

  it('a proposal that names another member, or adds somebody', async () => {
    expect(await verdict((await rawProposal(a, sa, remove(2))).message)).toBe('mls/bad-proposal')
    const d = device('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    expect(await verdict((await rawProposal(a, sa, add(keyPackage))).message)).toBe(
      'mls/unsupported-proposal',
    )
  })
})

describe('a commit is refused', () => {
  it('when it removes its committer, a blank leaf, or one leaf twice', async () => {
    for (const removed of [[0], [3], [77], [2 ** 31], [2 ** 32 - 1], [2, 2]])
      expect(await verdict(await withPath(removed.map(remove))), `${removed}`).toBe('mls/bad-commit')
  })

  it('without a path where one is needed: to remove, and when it does nothing', async () => {
    const opened = raw(a, sa)
    const client = tsState(opened)
    for (const proposals of [[remove(2)], []]) {
      const entries = proposals.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal }))
      const applied = await applyProposals(client, entries, toLeafIndex(0), emptyPskIndex, false, opened.cs)
      // Right in everything else, confirmation tag included.
      const outcome = { tree: applied.tree, commitSecret: new Uint8Array(32) }
      expect(await verdict(await rawCommit(a, sa, { proposals, outcome }))).toBe('mls/bad-commit')
    }
  })

  it('when its confirmation tag is wrong, and taken when all else is the same and the tag right', async () => {
    const { path, outcome } = await rawPath(a, sa)
    expect(await verdict(await rawCommit(a, sa, { path }))).toBe('mls/bad-commit')
    expect(
      await codeOf(async () => processMessage(b.ctx, sb, await rawCommit(a, sa, { path, outcome }))),
    ).toBe('no error')
  })

  it('when it is signed by another member than it is sealed for', async () => {
    const { path, outcome } = await rawPath(a, sa)
    expect(await verdict(await rawCommit(a, sa, { path, outcome, as: 2 }))).toBe('mls/undecryptable')
  })

  it('when the committer takes another credential, key or an encryption key that is taken', async () => {
    const eve = text('ok:eve')
    const cases: [object, string][] = [
      [{ credential: { credentialType: 'basic', identity: eve } }, 'mls/bad-commit'],
      [
        { credential: { credentialType: 'basic', identity: at(members(sa), 1).credential } },
        'mls/bad-commit',
      ],
      [{ signaturePublicKey: at(members(sa), 1).signatureKey }, 'mls/bad-commit'],
      [{ hpkePublicKey: new Uint8Array(32) }, 'mls/bad-commit'],
    ]
    for (const [leaf, code] of cases)
      expect(await verdict(await withPath([], leaf)), JSON.stringify(leaf)).toBe(code)
    const unsigned = await rawPath(a, sa, {}, new Uint8Array(64))
    expect(await verdict(await rawCommit(a, sa, unsigned))).toBe('mls/bad-commit')
    const node = raw(a, sa).client.ratchetTree[2]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    const stolen = await withPath([], { hpkePublicKey: node.leaf.hpkePublicKey })
    expect(await verdict(stolen)).toBe('mls/duplicate-member')
  })

  it('when its path has other ciphertexts than readers, or none at all', async () => {
    const { path, outcome } = await rawPath(a, sa)
    const variants: UpdatePath[] = [
      { ...path, nodes: [] },
      { ...path, nodes: path.nodes.slice(1) },
      { ...path, nodes: [...path.nodes, ...path.nodes] },
      { ...path, nodes: path.nodes.map((node) => ({ ...node, encryptedPathSecret: [] })) },
      {
        ...path,
        nodes: path.nodes.map((n) => ({
          ...n,
          encryptedPathSecret: [...n.encryptedPathSecret, ...n.encryptedPathSecret],
        })),
      },
      { ...path, nodes: path.nodes.map((node) => ({ ...node, hpkePublicKey: new Uint8Array(32) })) },
    ]
    for (const variant of variants)
      expect(await verdict(await rawCommit(a, sa, { path: variant, outcome }))).toBe('mls/bad-commit')
  })

  it('when it takes up a proposal that nobody has seen', async () => {
    const references = [{ proposalOrRefType: 'reference' as const, reference: new Uint8Array(32) }]
    const message = await rawCommit(a, sa, { references, path: (await rawPath(a, sa)).path })
    expect(await verdict(message)).toBe('mls/missing-proposal')
  })

  it('and an honest one of the same member is taken after all that', async () => {
    const { state, commit } = await updateSelf(a.ctx, sa)
    expect(epochAuthenticator(await after(b.ctx, sb, commit))).toEqual(epochAuthenticator(state))
  })
})

describe('hostile 25: nobody is in the group whom no member added', () => {
  it('an outsider with the tree and all public keys cannot make a message', async () => {
    const eve = device('eve')
    const own = at(await groupOf([eve, device('x')]), 0)
    for (const message of [
      (await encryptMessage(eve.ctx, own, text('let me in'), text(''))).message,
      (await updateSelf(eve.ctx, own)).commit,
    ])
      expect(await verdict(message)).toBe('mls/undecryptable')
  })

  it('every added device is named in the event of its commit', async () => {
    const d = device('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    const { commit } = await addMembers(a.ctx, sa, [keyPackage])
    const { event } = await processMessage(b.ctx, sb, commit)
    if (event.kind !== 'commit') throw new Error('another event')
    expect(event.added.map(({ credential }) => string(credential))).toEqual(['ok:d'])
  })
})
