// A member that does not keep to the rules: it signs and seals whatever it likes with an honest state's keys.
import type { KeyPackage, Proposal, ProposalOrRef, UpdatePath } from 'ts-mls'
import { createProposal } from 'ts-mls/createMessage.js'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { signKeyPackage } from 'ts-mls/keyPackage.js'
import { signLeafNodeCommit, signLeafNodeKeyPackage } from 'ts-mls/leafNode.js'
import { encodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { protect } from 'ts-mls/messageProtection.js'
import { toLeafIndex } from 'ts-mls/treemath.js'
import { createUpdatePath } from 'ts-mls/updatePath.js'
import { encodeMessage } from '../src/codec.js'
import { createKeyPackage, type GroupState } from '../src/index.js'
import { decodeKeyPackage } from '../src/key-package.js'
import { suiteOf } from '../src/provider.js'
import { type Opened, openState, wrapState } from '../src/state.js'
import type { Device } from './helpers.js'

export const raw = (who: Device, state: GroupState): Opened => openState(who.ctx, state)

export interface RawCommit {
  readonly proposals?: readonly Proposal[]
  readonly references?: readonly ProposalOrRef[]
  readonly path?: UpdatePath
}

/** A commit of these contents, signed and sealed as the member would; its confirmation tag is made up. */
export async function rawCommit(who: Device, state: GroupState, content: RawCommit): Promise<Uint8Array> {
  const { client, cs } = raw(who, state)
  const { proposals = [], references = [], path } = content
  const inline = proposals.map((proposal): ProposalOrRef => ({ proposalOrRefType: 'proposal', proposal }))
  const own = client.privatePath.leafIndex
  const empty = new Uint8Array()
  const { framedContent, signature } = await createContentCommitSignature(
    client.groupContext,
    'mls_private_message',
    { proposals: [...references, ...inline], path },
    { senderType: 'member', leafIndex: own },
    empty,
    client.signaturePrivateKey,
    cs.signature,
  )
  const auth = { contentType: 'commit' as const, signature, confirmationTag: new Uint8Array(32) }
  const { privateMessage } = await protect(
    client.keySchedule.senderDataSecret,
    empty,
    client.groupContext,
    client.secretTree,
    { ...framedContent, auth },
    own,
    client.clientConfig.paddingConfig,
    cs,
  )
  return encodeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage })
}

/** An update path of this member over its tree as it is, with its leaf changed and signed again. */
export async function rawPath(who: Device, state: GroupState, leaf: object = {}): Promise<UpdatePath> {
  const { client, cs } = raw(who, state)
  const { ratchetTree, groupContext, signaturePrivateKey } = client
  const own = toLeafIndex(client.privatePath.leafIndex)
  const [, path] = await createUpdatePath(ratchetTree, own, groupContext, signaturePrivateKey, cs)
  const tbs = { ...path.leafNode, ...leaf, groupId: groupContext.groupId, leafIndex: own }
  return { ...path, leafNode: await signLeafNodeCommit(tbs, signaturePrivateKey, cs.signature) }
}

export async function rawProposal(
  who: Device,
  state: GroupState,
  proposal: Proposal,
): Promise<{ message: Uint8Array; state: GroupState }> {
  const { client, cs } = raw(who, state)
  const made = await createProposal(client, false, proposal, cs)
  return { message: encodeMlsMessage(made.message as MLSMessage), state: wrapState(made.newState) }
}

/** A KeyPackage with some of it changed, and both signatures made again by its owner. */
export async function rawKeyPackage(
  owner: Device,
  change: (honest: KeyPackage) => { leaf?: object; outer?: object },
): Promise<Uint8Array> {
  const honest = decodeKeyPackage((await createKeyPackage(owner.ctx, owner.identity)).keyPackage)
  const { leaf = {}, outer = {} } = change(honest)
  const { signature } = suiteOf(owner.ctx.crypto, 1)
  const seed = owner.ctx.crypto.ed25519.exportSeed(owner.identity.signing)
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
