/**
 * Checks of whole trees (RFC 9420 sections 7.3, 7.9 and 12.4.3.1) and of what changes in one. ts-mls's own
 * check of a tree demands that all ancestors list the same unmerged leaves and so refuses valid trees of
 * eight members and more; and it walks indices it has not bounded. Hence this one.
 */
import { equalBytes, toHex } from '@hyphae/core'
import type { GroupContext, LeafNode, ParentNode, RatchetTree } from 'ts-mls'
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js'
import { assertCredential, type MlsContext } from './context.js'
import { MlsError, type MlsErrorCode } from './errors.js'
import { assertEncryptionKey, assertLeafShape, isSignedLeaf } from './leaf.js'
import { MAX_MEMBERS } from './limits.js'
import type { SuiteImpl } from './provider.js'
import { credentialBytes, leafAt, membersOf } from './state.js'
import type { SyncSuite } from './sync-suite.js'
import { hashTree, parentHashesHold } from './tree-hash.js'

/** Nodes of the smallest full tree that holds all members a group may have. */
export const MAX_NODES: number = 2 * 2 ** Math.ceil(Math.log2(MAX_MEMBERS)) - 1

/** @throws MlsError `mls/group-full` */
export function assertMemberCount(tree: RatchetTree): void {
  let count = 0
  for (let index = 0; index < tree.length; index += 2) if (tree[index] !== undefined) count++
  if (count > MAX_MEMBERS)
    throw new MlsError('mls/group-full', { details: { members: count, limit: MAX_MEMBERS } })
}

/** Section 7.9: unmerged leaves are members below the node, ascending, and listed by every node between. */
function assertUnmerged(tree: RatchetTree, index: number, parent: ParentNode, code: MlsErrorCode): void {
  let previous = -1
  for (const leaf of parent.unmergedLeaves) {
    if (leaf <= previous || leaf * 2 >= tree.length || leafAt(tree, leaf) === null) throw new MlsError(code)
    previous = leaf
    const path: readonly number[] = directPath(leafToNodeIndex(toLeafIndex(leaf)), leafWidth(tree.length))
    const height = path.indexOf(index)
    if (height < 0) throw new MlsError(code)
    for (const between of path.slice(0, height)) {
      const node = tree[between]
      if (node?.nodeType === 'parent' && !node.parent.unmergedLeaves.includes(leaf)) throw new MlsError(code)
    }
  }
}

/** Positions, sizes and indices: what must hold before anything may walk the tree. */
export function assertTreeShape(tree: RatchetTree, code: MlsErrorCode): void {
  const width = (tree.length + 1) / 2
  if (tree.length === 0 || tree.length > MAX_NODES || width !== 2 ** Math.round(Math.log2(width)))
    throw new MlsError(code, { details: { nodes: tree.length } })
  assertMemberCount(tree)
  for (const [index, node] of tree.entries()) {
    if (node === undefined) continue
    if ((node.nodeType === 'leaf') !== (index % 2 === 0)) throw new MlsError(code)
    if (node.nodeType === 'parent') assertUnmerged(tree, index, node.parent, code)
  }
}

/** Every key is one that an honest member makes, every leaf one that may be in a group of this suite. */
export function assertTreeKeys(tree: RatchetTree, sync: SyncSuite, code: MlsErrorCode): void {
  for (const node of tree) {
    if (node?.nodeType === 'leaf') assertLeafShape(node.leaf, sync, code)
    if (node?.nodeType === 'parent') assertEncryptionKey(sync, node.parent.hpkePublicKey, code)
  }
}

/** Section 7.3: no key and no credential is in the tree twice. @throws MlsError `mls/duplicate-member` */
export function assertUniqueTree(tree: RatchetTree): void {
  const seen = new Set<string>()
  const once = (kind: string, bytes: Uint8Array): void => {
    const name = `${kind}${toHex(bytes)}`
    if (seen.has(name)) throw new MlsError('mls/duplicate-member')
    seen.add(name)
  }
  for (const node of tree) {
    if (node === undefined) continue
    if (node.nodeType === 'parent') once('e', node.parent.hpkePublicKey)
    else {
      once('e', node.leaf.hpkePublicKey)
      once('s', node.leaf.signaturePublicKey)
      once('c', credentialBytes(node.leaf))
    }
  }
}

function clash(a: LeafNode, b: LeafNode): boolean {
  return (
    equalBytes(a.signaturePublicKey, b.signaturePublicKey) ||
    equalBytes(a.hpkePublicKey, b.hpkePublicKey) ||
    equalBytes(credentialBytes(a), credentialBytes(b))
  )
}

/** Above this many changed nodes one pass over the whole tree is cheaper than comparing each with all. */
const FEW_NODES = 32

/**
 * The same rule for a change of a tree that kept it: only what is new at `nodes` can break it.
 * @throws MlsError `mls/duplicate-member`
 */
export function assertUniqueChange(tree: RatchetTree, nodes: readonly number[]): void {
  if (nodes.length > FEW_NODES) {
    assertUniqueTree(tree)
    return
  }
  for (const index of nodes) {
    const changed = tree[index]
    if (changed === undefined) continue
    const key = changed.nodeType === 'leaf' ? changed.leaf.hpkePublicKey : changed.parent.hpkePublicKey
    for (const [other, node] of tree.entries()) {
      if (node === undefined || other === index) continue
      if (node.nodeType === 'leaf' && changed.nodeType === 'leaf' && clash(node.leaf, changed.leaf))
        throw new MlsError('mls/duplicate-member', { details: { leaf: other / 2 } })
      const taken = node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey
      if (equalBytes(taken, key)) throw new MlsError('mls/duplicate-member')
    }
  }
}

/**
 * Everything a joiner must know of a tree before it trusts it: shape, uniqueness, every leaf's signature and
 * credential, parent hashes and the tree hash of the signed group context. Lifetimes of members are not
 * judged: theirs were when they were added.
 * @throws MlsError `mls/bad-welcome`, `mls/bad-credential`, `mls/duplicate-member`, `mls/group-full`
 */
export async function assertJoinableTree(
  ctx: MlsContext,
  cs: SuiteImpl,
  tree: RatchetTree,
  context: GroupContext,
): Promise<void> {
  assertTreeShape(tree, 'mls/bad-welcome')
  assertTreeKeys(tree, cs.sync, 'mls/bad-welcome')
  assertUniqueTree(tree)
  const hashed = hashTree(cs.sync.hash, tree)
  if (!equalBytes(hashed.root, context.treeHash) || !parentHashesHold(hashed))
    throw new MlsError('mls/bad-welcome')
  for (const { leaf, credential, signatureKey } of membersOf(tree)) {
    assertCredential(ctx, credential, signatureKey)
    const node = leafAt(tree, leaf) as LeafNode
    if (!isSignedLeaf(cs.sync, node, context.groupId, leaf)) throw new MlsError('mls/bad-welcome')
  }
}
