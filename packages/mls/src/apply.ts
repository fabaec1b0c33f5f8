/**
 * What the proposals of a commit make of the tree and of the group's extensions (RFC 9420 sections 12.1 to
 * 12.3), for whoever makes a commit and whoever reads one. Written here because ts-mls judges lifetimes by the
 * system clock, compares every newcomer with every member, and leaves new extensions out of account.
 */
import { equalBytes } from '@hyphae/core'
import type { Extension, KeyPackage, LeafNode, RatchetTree } from 'ts-mls'
import { removeLeafNode, updateLeafNode } from 'ts-mls/ratchetTree.js'
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js'
import { keyPackageTbs } from './commit-codec.js'
import { assertCredential, type MlsContext } from './context.js'
import type { AddedLeaf } from './epoch.js'
import { MlsError, type MlsErrorCode } from './errors.js'
import { labelled } from './labels.js'
import { isSignedLeaf } from './leaf.js'
import type { SuiteImpl } from './provider.js'
import type { ResolvedProposal } from './resolved-proposal.js'
import { isSupported, rolesIn } from './roles/extension.js'
import type { Roles } from './roles/roles.js'
import { credentialBytes, leafAt, type Opened } from './state.js'
import { assertMemberCount, assertUniqueChange } from './tree.js'
import { addLeaves } from './tree-add.js'

const NO_GROUP = new Uint8Array()

export interface Applied {
  readonly tree: RatchetTree
  /** Of the next epoch. */
  readonly extensions: Extension[]
  readonly roles: Roles | null
  readonly added: readonly AddedLeaf[]
  readonly removed: readonly number[]
  /** Leaves replaced by their own member's pending update. */
  readonly updated: readonly number[]
  /** Section 12.4: whether the commit must carry a path. */
  readonly needsPath: boolean
}

type Of<K extends ResolvedProposal['proposal']['proposalType']> = ResolvedProposal & {
  readonly proposal: { proposalType: K }
}

function ofKind<K extends ResolvedProposal['proposal']['proposalType']>(
  proposals: readonly ResolvedProposal[],
  kind: K,
): Of<K>[] {
  return proposals.filter((one): one is Of<K> => one.proposal.proposalType === kind)
}

/** Section 12.2: no leaf is changed twice, and none of it is the committer's. */
function assertTargets(
  tree: RatchetTree,
  updated: readonly number[],
  removed: readonly number[],
  committer: number | null,
): void {
  const targets = [...updated, ...removed]
  const distinct = new Set(targets).size === targets.length
  if (!distinct || (committer !== null && targets.includes(committer))) throw new MlsError('mls/bad-commit')
  for (const leaf of targets)
    if (leaf * 2 >= tree.length || leafAt(tree, leaf) === null) throw new MlsError('mls/bad-commit')
}

/** Sections 10.1 and 7.3, but for what assertKeyPackage has checked. */
function assertNewcomer(
  ctx: MlsContext,
  cs: SuiteImpl,
  keyPackage: KeyPackage,
  extensions: readonly Extension[],
  code: MlsErrorCode,
): void {
  const { leafNode, initKey } = keyPackage
  assertCredential(ctx, credentialBytes(leafNode), leafNode.signaturePublicKey)
  const { capabilities } = leafNode
  const asked = [extensions, leafNode.extensions, keyPackage.extensions]
  const able = asked.every((list) => isSupported(list, capabilities))
  if (!able || equalBytes(initKey, leafNode.hpkePublicKey)) throw new MlsError(code)
  if (leafNode.leafNodeSource !== 'key_package') throw new MlsError(code)
  const { sync: suite } = cs
  const whole = labelled('KeyPackageTBS', keyPackageTbs(keyPackage))
  const signed =
    isSignedLeaf(suite, leafNode, NO_GROUP, 0) &&
    suite.verify(leafNode.signaturePublicKey, whole, keyPackage.signature)
  if (!signed) throw new MlsError(code)
}

/** A leaf that its own member has signed for its place in this group. */
export async function assertSignedLeaf(
  ctx: MlsContext,
  { client, cs }: Opened,
  leaf: LeafNode,
  index: number,
  extensions: readonly Extension[],
): Promise<void> {
  assertCredential(ctx, credentialBytes(leaf), leaf.signaturePublicKey)
  const able = isSupported(extensions, leaf.capabilities) && isSupported(leaf.extensions, leaf.capabilities)
  if (!able || !isSignedLeaf(cs.sync, leaf, client.groupContext.groupId, index))
    throw new MlsError('mls/bad-commit')
}

/** The extensions that the commit leaves in place; a group keeps having roles, or having none. */
function nextExtensions(
  ctx: MlsContext,
  current: Extension[],
  changes: readonly Of<'group_context_extensions'>[],
): { extensions: Extension[]; roles: Roles | null } {
  const [change, second] = changes
  const before = rolesIn(ctx, current, 'mls/bad-commit')
  if (change === undefined) return { extensions: current, roles: before }
  if (second !== undefined) throw new MlsError('mls/bad-commit')
  if (before === null && ctx.interop === undefined)
    throw new MlsError('mls/unsupported-proposal', { details: { proposal: 'group_context_extensions' } })
  const { extensions } = change.proposal.groupContextExtensions
  const roles = rolesIn(ctx, extensions, 'mls/bad-commit')
  if ((before === null) !== (roles === null)) throw new MlsError('mls/bad-commit')
  return { extensions, roles }
}

interface Grown {
  readonly tree: RatchetTree
  readonly added: AddedLeaf[]
}

function addAll(
  ctx: MlsContext,
  cs: SuiteImpl,
  start: RatchetTree,
  keyPackages: readonly KeyPackage[],
  extensions: readonly Extension[],
  code: MlsErrorCode,
): Grown {
  for (const keyPackage of keyPackages) assertNewcomer(ctx, cs, keyPackage, extensions, code)
  const leaves = keyPackages.map(({ leafNode }) => leafNode)
  const { tree, places } = addLeaves(start, leaves)
  return { tree, added: places.map((leaf, i): AddedLeaf => [leaf, keyPackages[i] as KeyPackage]) }
}

/** Every member that stays can do what the new extensions ask. */
function assertAllAble(tree: RatchetTree, extensions: readonly Extension[]): void {
  for (const node of tree)
    if (node?.nodeType === 'leaf' && !isSupported(extensions, node.leaf.capabilities))
      throw new MlsError('mls/bad-commit')
}

/**
 * Extensions first, then updates, removals and additions (section 12.3). `committer` is null for a newcomer;
 * `code` is said of a KeyPackage that is not valid.
 * @throws MlsError `mls/bad-commit`, `mls/unsupported-proposal`, `mls/bad-credential`, `mls/duplicate-member`,
 *   `mls/group-full`, or `code`
 */
export async function applyProposals(
  ctx: MlsContext,
  opened: Opened,
  proposals: readonly ResolvedProposal[],
  committer: number | null,
  code: MlsErrorCode,
): Promise<Applied> {
  const { client, cs } = opened
  const updates = ofKind(proposals, 'update')
  const updated = updates.map(({ sender }) => sender)
  const removed = ofKind(proposals, 'remove').map(({ proposal }) => proposal.remove.removed)
  assertTargets(client.ratchetTree, updated, removed, committer)
  const changes = ofKind(proposals, 'group_context_extensions')
  const { extensions, roles } = nextExtensions(ctx, client.groupContext.extensions, changes)
  let tree = client.ratchetTree
  for (const { proposal, sender } of updates) {
    await assertSignedLeaf(ctx, opened, proposal.update.leafNode, sender, extensions)
    tree = updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(sender))
  }
  for (const leaf of removed) tree = removeLeafNode(tree, toLeafIndex(leaf))
  const keyPackages = ofKind(proposals, 'add').map(({ proposal }) => proposal.add.keyPackage)
  const grown = addAll(ctx, cs, tree, keyPackages, extensions, code)
  if (changes.length > 0) assertAllAble(grown.tree, extensions)
  assertMemberCount(grown.tree)
  const changed = [...grown.added.map(([leaf]) => leaf as number), ...updated]
  assertUniqueChange(
    grown.tree,
    changed.map((leaf) => leafToNodeIndex(toLeafIndex(leaf))),
  )
  const needsPath = proposals.length === 0 || changes.length + updated.length + removed.length > 0
  return { ...grown, extensions, roles, removed, updated, needsPath }
}
