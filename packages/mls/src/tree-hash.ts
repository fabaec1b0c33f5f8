/**
 * Tree hashes and parent hashes of a whole tree (RFC 9420 sections 7.8 and 7.9), each node hashed once.
 * ts-mls hashes the sibling subtree anew for every leaf, which takes seconds for a large group, and does not
 * look at which leaves a node leaves unmerged. Knows no keys and no signatures.
 *
 *   hash[leaf]   = H(leaf index, leaf node)
 *   hash[parent] = H(parent node, hash[left], hash[right])
 *   parent_hash of P over sibling S = H(P's key, P's parent_hash, hash of S without P's unmerged leaves)
 */
import { equalBytes } from '@hyphae/core'
import type { Node, ParentNode, RatchetTree } from 'ts-mls'
import { encodeParentHashInput } from 'ts-mls/parentHash.js'
import { resolution } from 'ts-mls/ratchetTree.js'
import { isLeaf, left, type NodeIndex, right, rootFromNodeWidth, toNodeIndex } from 'ts-mls/treemath.js'
import type { SuiteHash } from './suite.js'
import { leafHashInput, parentHashInput } from './tree-codec.js'

export interface HashedTree {
  readonly hash: SuiteHash
  readonly tree: RatchetTree
  /** One hash after another, by node index. */
  readonly hashes: Uint8Array
  readonly root: Uint8Array
}

/** A view. */
export function hashAt({ hash, hashes }: HashedTree, index: number): Uint8Array {
  return hashes.subarray(index * hash.size, (index + 1) * hash.size)
}

function hashLeaf(hash: SuiteHash, index: number, node: Node | undefined): Uint8Array {
  const leafNode = node?.nodeType === 'leaf' ? node.leaf : undefined
  return hash.digest(leafHashInput(index / 2, leafNode))
}

function hashParent(
  hash: SuiteHash,
  parentNode: ParentNode | undefined,
  leftHash: Uint8Array,
  rightHash: Uint8Array,
): Uint8Array {
  return hash.digest(parentHashInput(parentNode, leftHash, rightHash))
}

function parentAt(tree: RatchetTree, index: number): ParentNode | undefined {
  const node = tree[index]
  return node?.nodeType === 'parent' ? node.parent : undefined
}

/** Trees are values: one that has been hashed is never changed in place, so its hashes stay true. */
const known = new WeakMap<RatchetTree, HashedTree>()

/** Below `index`, what differs from `base`; true when anything did. */
function rehash(to: HashedTree, base: RatchetTree | null, index: NodeIndex): boolean {
  const { hash, tree } = to
  const same = base !== null && tree[index] === base[index]
  if (isLeaf(index)) {
    if (same) return false
    to.hashes.set(hashLeaf(hash, index, tree[index]), index * hash.size)
    return true
  }
  const [l, r] = [left(index), right(index)]
  const leftChanged = rehash(to, base, l)
  const rightChanged = rehash(to, base, r)
  if (same && !leftChanged && !rightChanged) return false
  const value = hashParent(hash, parentAt(tree, index), hashAt(to, l), hashAt(to, r))
  to.hashes.set(value, index * hash.size)
  return true
}

/**
 * The tree must have the shape that assertTreeShape asks for. `base` is a tree that it was made from: where both
 * have the same nodes, the hashes are taken over.
 */
export function hashTree(hash: SuiteHash, tree: RatchetTree, base?: RatchetTree): HashedTree {
  const found = known.get(tree)
  if (found !== undefined) return found
  const from = base?.length === tree.length ? known.get(base) : undefined
  const hashes = from === undefined ? new Uint8Array(tree.length * hash.size) : from.hashes.slice()
  const root = rootFromNodeWidth(tree.length)
  const hashed = { hash, tree, hashes, root: hashes.subarray(root * hash.size, (root + 1) * hash.size) }
  rehash(hashed, from === undefined ? null : from.tree, root)
  known.set(tree, hashed)
  return hashed
}

/** First and last leaf below a node. */
function leafRange(index: number): readonly [number, number] {
  let span = 1
  while (index & span) span <<= 1
  return [(index - (span - 1)) / 2, (index + (span - 1)) / 2]
}

/** Section 7.9: the hash that a subtree had before these leaves were added. Rehashes only above them. */
function originalHash(hashed: HashedTree, index: NodeIndex, added: readonly number[]): Uint8Array {
  const { hash, tree } = hashed
  const [first, last] = leafRange(index)
  if (!added.some((leaf) => leaf >= first && leaf <= last)) return hashAt(hashed, index)
  if (isLeaf(index)) return hashLeaf(hash, index, undefined)
  const node = parentAt(tree, index)
  const original = node && {
    ...node,
    unmergedLeaves: node.unmergedLeaves.filter((leaf) => !added.includes(leaf)),
  }
  const [l, r] = [originalHash(hashed, left(index), added), originalHash(hashed, right(index), added)]
  return hashParent(hash, original, l, r)
}

function ownParentHash(node: Node | undefined): Uint8Array | null {
  if (node === undefined) return null
  if (node.nodeType === 'parent') return node.parent.parentHash
  return node.leaf.leafNodeSource === 'commit' ? node.leaf.parentHash : null
}

/** Section 7.9: what the child on the other side of `sibling` says of this parent. */
export function parentHash(
  hashed: HashedTree,
  { hpkePublicKey, parentHash: above, unmergedLeaves }: ParentNode,
  sibling: NodeIndex,
): Uint8Array {
  const originalSiblingTreeHash = originalHash(hashed, sibling, unmergedLeaves)
  return hashed.hash.digest(
    encodeParentHashInput({ encryptionKey: hpkePublicKey, parentHash: above, originalSiblingTreeHash }),
  )
}

/**
 * Section 7.9.2 for one node and one of its children: some node in the child's resolution points back to the
 * node, and all others there are leaves that the node has not merged.
 */
function pointedAt(hashed: HashedTree, parent: ParentNode, child: NodeIndex, sibling: NodeIndex): boolean {
  const { tree } = hashed
  const { unmergedLeaves } = parent
  const expected = parentHash(hashed, parent, sibling)
  const [first, last] = leafRange(child)
  const unmerged = new Set(
    unmergedLeaves.filter((leaf) => leaf >= first && leaf <= last).map((leaf) => leaf * 2),
  )
  const merged = resolution(tree, child).filter((index) => !unmerged.has(index))
  const [only, second] = merged
  if (only === undefined || second !== undefined) return false
  const own = ownParentHash(tree[only])
  return own !== null && equalBytes(own, expected)
}

/** Section 7.9.2: every node that is not blank was put there by a commit of a leaf below it. */
export function parentHashesHold(hashed: HashedTree): boolean {
  return hashed.tree.every((node, index) => {
    if (node?.nodeType !== 'parent') return true
    const at = toNodeIndex(index)
    const [l, r] = [left(at), right(at)]
    return pointedAt(hashed, node.parent, l, r) || pointedAt(hashed, node.parent, r, l)
  })
}
