// A member that does not keep to the rules: it signs and seals whatever it likes with an honest state's keys.
import type { Extension, KeyPackage, Proposal, ProposalOrRef, RatchetTree, UpdatePath } from 'ts-mls'
import { createProposal } from 'ts-mls/createMessage.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { signWithLabel } from 'ts-mls/crypto/signature.js'
import { createContentCommitSignature, signFramedContentApplicationOrProposal } from 'ts-mls/framedContent.js'
import { signKeyPackage } from 'ts-mls/keyPackage.js'
import { encodeLeafNodeTBS, signLeafNodeCommit, signLeafNodeKeyPackage } from 'ts-mls/leafNode.js'
import { encodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { encodePrivateMessageContent, type PrivateMessageContent } from 'ts-mls/privateMessage.js'
import { toLeafIndex } from 'ts-mls/treemath.js'
import { createUpdatePath, type PathSecret } from 'ts-mls/updatePath.js'
import { encodeMessage } from '../src/codec.js'
import { nextEpoch, type SignedCommit } from '../src/epoch.js'
import { createKeyPackage, type GroupState } from '../src/index.js'
import { decodeKeyPackage } from '../src/key-package.js'
import { sealContent } from '../src/private-message.js'
import { suiteOf } from '../src/provider.js'
import { type Opened, openState, wrapState } from '../src/state.js'
import { type Device, seedOf } from './helpers.js'
import { fromTsState, tsState } from './ts-mls-state.js'

export const raw = (who: Device, state: GroupState): Opened => openState(who.ctx, state)

/** What the commit leads to, for whoever wants a confirmation tag that holds. */
export interface Outcome {
  readonly tree: RatchetTree
  readonly commitSecret: Uint8Array
}

export interface RawCommit {
  readonly proposals?: readonly Proposal[]
  readonly references?: readonly ProposalOrRef[]
  readonly path?: UpdatePath
  /** The confirmation tag is made up when left out. */
  readonly outcome?: Outcome
  /** What the group's extensions are afterwards, when the commit changes them. */
  readonly extensions?: Extension[]
  /** Leaf in whose name it is sealed; the signature is the member's own. */
  readonly as?: number
}

/** A commit of these contents, signed and sealed as the member would. */
export async function rawCommit(who: Device, state: GroupState, content: RawCommit): Promise<Uint8Array> {
  const opened = raw(who, state)
  const { client, cs } = opened
  const { proposals = [], references = [], path, outcome } = content
  const inline = proposals.map((proposal): ProposalOrRef => ({ proposalOrRefType: 'proposal', proposal }))
  const leafIndex = content.as ?? client.privatePath.leafIndex
  const { framedContent, signature } = await createContentCommitSignature(
    client.groupContext,
    'mls_private_message',
    { proposals: [...references, ...inline], path },
    { senderType: 'member', leafIndex },
    new Uint8Array(),
    client.signaturePrivateKey,
    cs.signature,
  )
  const confirmationTag = await tagOf(
    opened,
    { content: framedContent, signature, wireformat: 'mls_private_message' },
    outcome,
    content.extensions,
  )
  const auth = { contentType: 'commit' as const, signature, confirmationTag }
  return sealAs(opened, leafIndex, { ...framedContent, auth })
}

async function tagOf(
  { client, cs }: Opened,
  signed: SignedCommit,
  outcome?: Outcome,
  extensions: Extension[] = client.groupContext.extensions,
): Promise<Uint8Array> {
  if (outcome === undefined) return new Uint8Array(32)
  const { tree, commitSecret } = outcome
  const next = await nextEpoch(
    client,
    cs,
    { ...client.groupContext, extensions },
    tree,
    signed,
    commitSecret.slice(),
  )
  return next.confirmationTag
}

async function sealAs(
  { client, cs }: Opened,
  leafIndex: number,
  content: PrivateMessageContent & { authenticatedData: Uint8Array },
): Promise<Uint8Array> {
  const { groupContext, keySchedule, secretTree } = client
  const { senderDataSecret } = keySchedule
  const sending = { groupContext, senderDataSecret, secretTree, leaf: leafIndex }
  const bytes = encodePrivateMessageContent(client.clientConfig.paddingConfig)(content)
  return sealContent(cs.sync, sending, content.contentType, content.authenticatedData, bytes).message
}

/** A message in another member's name: every member knows the keys for that, but not the signature key. */
export async function impersonate(who: Device, state: GroupState, leafIndex: number): Promise<Uint8Array> {
  const opened = raw(who, state)
  const { client, cs } = opened
  const { groupContext } = client
  const { groupId, epoch } = groupContext
  const authenticatedData = new Uint8Array()
  const content = {
    contentType: 'application' as const,
    applicationData: new Uint8Array(3),
    groupId,
    epoch,
    sender: { senderType: 'member' as const, leafIndex },
    authenticatedData,
  }
  const auth = await signFramedContentApplicationOrProposal(
    client.signaturePrivateKey,
    {
      protocolVersion: 'mls10',
      wireformat: 'mls_private_message',
      content,
      senderType: 'member',
      context: groupContext,
    },
    cs,
  )
  return sealAs(opened, leafIndex, { ...content, auth })
}

/** An update path of this member over its tree as it is, with its leaf changed and signed again. */
export async function rawPath(
  who: Device,
  state: GroupState,
  leaf: object = {},
  signature?: Uint8Array,
): Promise<{ path: UpdatePath; outcome: Outcome }> {
  const { client, cs } = raw(who, state)
  const { ratchetTree, groupContext, signaturePrivateKey } = client
  const own = toLeafIndex(client.privatePath.leafIndex)
  const made = await createUpdatePath(ratchetTree, own, groupContext, signaturePrivateKey, cs)
  const [tree, path, secrets] = made
  const tbs = { ...path.leafNode, ...leaf, groupId: groupContext.groupId, leafIndex: own }
  const signed = await signLeafNodeCommit(tbs, signaturePrivateKey, cs.signature)
  const leafNode = signature === undefined ? signed : { ...signed, signature }
  const changed = tree.map((node, i) =>
    i === own * 2 ? { nodeType: 'leaf' as const, leaf: leafNode } : node,
  )
  const commitSecret = await deriveSecret((secrets.at(-1) as PathSecret).secret, 'path', cs.kdf)
  return { path: { ...path, leafNode }, outcome: { tree: changed, commitSecret } }
}

export async function rawProposal(
  who: Device,
  state: GroupState,
  proposal: Proposal,
): Promise<{ message: Uint8Array; state: GroupState }> {
  const opened = raw(who, state)
  const made = await createProposal(tsState(opened), false, proposal, opened.cs)
  return {
    message: encodeMlsMessage(made.message as MLSMessage),
    state: wrapState(fromTsState(made.newState)),
  }
}

/** A KeyPackage with some of it changed, and both signatures made again by its owner. */
export async function rawKeyPackage(
  owner: Device,
  change: (honest: KeyPackage) => { leaf?: object; outer?: object },
): Promise<Uint8Array> {
  const honest = decodeKeyPackage((await createKeyPackage(owner.ctx, owner.identity)).keyPackage)
  const { leaf = {}, outer = {} } = change(honest)
  const { signature } = suiteOf(owner.ctx.crypto, 1)
  const seed = seedOf(owner)
  const { leafNode } = honest
  if (leafNode.leafNodeSource !== 'key_package') throw new Error('not a KeyPackage leaf')
  const signedLeaf = await signLeafNodeKeyPackage({ ...leafNode, ...leaf }, seed, signature)
  const keyPackage = await signKeyPackage({ ...honest, leafNode: signedLeaf, ...outer }, seed, signature)
  return encodeMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage })
}

export const add = (keyPackage: Uint8Array): Proposal => ({
  proposalType: 'add',
  add: { keyPackage: decodeKeyPackage(keyPackage) },
})

export const remove = (removed: number): Proposal => ({ proposalType: 'remove', remove: { removed } })

export const extensions = (type: number): Proposal => ({
  proposalType: 'group_context_extensions',
  groupContextExtensions: { extensions: [{ extensionType: type, extensionData: new Uint8Array() }] },
})

export const custom = (type: number): Proposal => ({ proposalType: type, proposalData: new Uint8Array() })

/** A proposal of the member to replace its own leaf by one with this encryption key. */
export async function rawUpdate(
  who: Device,
  state: GroupState,
  hpkePublicKey: Uint8Array,
  change: object = {},
): Promise<Proposal> {
  const { client, cs } = raw(who, state)
  const leafIndex = client.privatePath.leafIndex
  const node = client.ratchetTree[leafIndex * 2]
  if (node?.nodeType !== 'leaf') throw new Error('no leaf')
  const { credential, capabilities, signaturePublicKey } = node.leaf
  const info = { leafNodeSource: 'update' as const, extensions: [] }
  const data = { hpkePublicKey, signaturePublicKey, credential, capabilities, ...info, ...change }
  const tbs = encodeLeafNodeTBS({ ...data, groupId: client.groupContext.groupId, leafIndex })
  const signature = await signWithLabel(client.signaturePrivateKey, 'LeafNodeTBS', tbs, cs.signature)
  return { proposalType: 'update', update: { leafNode: { ...data, signature } } }
}
