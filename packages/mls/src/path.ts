/**
 * Path secrets as a receiver sees them (RFC 9420 sections 7.4 to 7.6): which nodes a path has, what a member can
 * decrypt of it, and which private keys stay. Knows trees and keys; nothing of proposals or epochs.
 *
 *   node_secret[n]  = DeriveSecret(path_secret[n], "node")
 *   path_secret[n+1] = DeriveSecret(path_secret[n], "path")
 *   commit_secret   = DeriveSecret(path_secret of the highest node, "path")
 */
import { equalBytes } from '@hyphae/core'
import type { GroupContext, PrivateKeyPath, RatchetTree, UpdatePath } from 'ts-mls'
import {
  directPath,
  isLeaf,
  type LeafIndex,
  leafToNodeIndex,
  leafWidth,
  left,
  type NodeIndex,
  right,
  sibling,
  toLeafIndex,
} from 'ts-mls/treemath.js'
import { contextBytes } from './application.js'
import { MlsError, type MlsErrorCode } from './errors.js'
import { deriveSecret, labelled } from './labels.js'
import type { SuiteImpl } from './provider.js'
import { hashTree, parentHash } from './tree-hash.js'

export interface DerivedPath {
  /** Private keys by node index. */
  readonly keys: Record<number, Uint8Array>
  readonly commitSecret: Uint8Array
}

/** One node of a filtered direct path. */
export interface PathStep {
  readonly node: NodeIndex
  /** Its child that is not on the path. */
  readonly copath: NodeIndex
  /** Nodes that between them reach all members below `copath`; never empty. */
  readonly resolution: readonly NodeIndex[]
}

function resolve(tree: RatchetTree, node: NodeIndex, found: NodeIndex[]): void {
  const at = tree[node]
  if (at === undefined) {
    if (isLeaf(node)) return
    resolve(tree, left(node), found)
    resolve(tree, right(node), found)
    return
  }
  found.push(node)
  if (at.nodeType === 'parent')
    for (const leaf of at.parent.unmergedLeaves) found.push(leafToNodeIndex(toLeafIndex(leaf)))
}

/** Section 4.1.2: the direct path of a leaf without the nodes below whose other child nobody is. */
export function filteredPath(tree: RatchetTree, leaf: LeafIndex): PathStep[] {
  const width = leafWidth(tree.length)
  const steps: PathStep[] = []
  let below = leafToNodeIndex(leaf)
  for (const node of directPath(below, width)) {
    const copath = sibling(below, width)
    const resolution: NodeIndex[] = []
    resolve(tree, copath, resolution)
    if (resolution.length > 0) steps.push({ node, copath, resolution })
    below = node
  }
  return steps
}

/** Whether a leaf is below a node. */
export function isBelow(leaf: number, node: number): boolean {
  let span = 1
  while (node & span) span <<= 1
  return leaf * 2 >= node - (span - 1) && leaf * 2 <= node + (span - 1)
}

/**
 * From the path secret of node `from` on the sender's filtered direct path up to its end. Every derived
 * public key must be the one in the tree, or the sender gave this member other secrets than it published.
 * @throws MlsError `code`
 */
export function derivePath(
  { sync: suite }: SuiteImpl,
  tree: RatchetTree,
  sender: LeafIndex,
  from: number,
  pathSecret: Uint8Array,
  code: MlsErrorCode,
): DerivedPath {
  const path = filteredPath(tree, sender).map(({ node }) => node as number)
  const start = path.indexOf(from)
  if (start < 0) throw new MlsError(code)
  const keys: Record<number, Uint8Array> = {}
  let secret = pathSecret
  for (const index of path.slice(start)) {
    const node = tree[index]
    const pair = suite.deriveKemPair(deriveSecret(suite, secret, 'node'))
    if (node?.nodeType !== 'parent' || !equalBytes(node.parent.hpkePublicKey, pair.publicKey))
      throw new MlsError(code)
    keys[index] = pair.privateKey
    secret = deriveSecret(suite, secret, 'path')
  }
  return { keys, commitSecret: secret }
}

/** A path has one ciphertext for each node that must learn its secret, no more and no fewer. */
export function assertPathShape(
  tree: RatchetTree,
  sender: LeafIndex,
  path: UpdatePath,
  added: ReadonlySet<NodeIndex>,
): PathStep[] {
  const steps = filteredPath(tree, sender)
  const fits =
    steps.length === path.nodes.length &&
    steps.every(({ resolution }, level) => {
      const readers = resolution.filter((node) => !added.has(node))
      return path.nodes[level]?.encryptedPathSecret.length === readers.length
    })
  if (!fits) throw new MlsError('mls/bad-commit')
  return steps
}

/**
 * The tree with a path in it (section 7.5), once its parent hashes hold; keys are compared elsewhere. Only the
 * path is hashed anew, where `tree` has been hashed or is close to `known`, which has.
 * @throws MlsError `mls/bad-commit`
 */
export function mergeUpdatePath(
  { sync: suite }: SuiteImpl,
  tree: RatchetTree,
  known: RatchetTree,
  sender: LeafIndex,
  path: UpdatePath,
  steps: readonly PathStep[],
): RatchetTree {
  const keys = path.nodes.map(({ hpkePublicKey }) => hpkePublicKey)
  const { merged, leafParentHash } = plantPath(suite.hash, tree, known, sender, steps, keys)
  if (!equalBytes(leafParentHash, path.leafNode.parentHash)) throw new MlsError('mls/bad-commit')
  merged[leafToNodeIndex(sender)] = { nodeType: 'leaf', leaf: path.leafNode }
  hashTree(suite.hash, merged, tree)
  return merged
}

/**
 * New keys on a direct path, with the parent hashes that follow from them, highest node first; all else on the
 * path is blank. The leaf is still the old one.
 */
export function plantPath(
  hash: SuiteImpl['sync']['hash'],
  tree: RatchetTree,
  known: RatchetTree,
  sender: LeafIndex,
  steps: readonly PathStep[],
  keys: readonly Uint8Array[],
): { merged: RatchetTree; leafParentHash: Uint8Array } {
  const hashed = hashTree(hash, tree, known)
  const merged = tree.slice()
  for (const node of directPath(leafToNodeIndex(sender), leafWidth(tree.length))) merged[node] = undefined
  let above: Uint8Array = new Uint8Array()
  for (let level = steps.length - 1; level >= 0; level--) {
    const { node, copath } = steps[level] as PathStep
    const hpkePublicKey = keys[level] as Uint8Array
    const parent = { hpkePublicKey, parentHash: above, unmergedLeaves: [] }
    merged[node] = { nodeType: 'parent', parent }
    above = parentHash(hashed, parent, copath)
  }
  return { merged, leafParentHash: above }
}

/** The first of these nodes whose private key this member has, by its place among them. */
function heldAmong(nodes: readonly number[], own: PrivateKeyPath): { place: number; key: Uint8Array } | null {
  for (const [place, node] of nodes.entries()) {
    const key = own.privateKeys[node]
    if (key !== undefined) return { place, key }
  }
  return null
}

/**
 * Decrypts this member's share of a path. `context` is the provisional group context of section 12.4.2: the
 * next epoch, the new tree's hash and the extensions that the commit leaves in place.
 * @throws MlsError `mls/bad-commit`, `mls/undecryptable`
 */
export function openPath(
  cs: SuiteImpl,
  tree: RatchetTree,
  own: PrivateKeyPath,
  sender: LeafIndex,
  context: GroupContext,
  path: UpdatePath,
  added: readonly NodeIndex[],
): DerivedPath {
  const steps = filteredPath(tree, sender)
  const level = steps.findIndex(({ copath }) => isBelow(own.leafIndex, copath))
  const step = steps[level]
  if (step === undefined) throw new MlsError('mls/bad-commit')
  const newcomers = new Set<number>(added)
  const held = heldAmong(
    step.resolution.filter((node) => !newcomers.has(node)),
    own,
  )
  const sealed = held === null ? undefined : path.nodes[level]?.encryptedPathSecret[held.place]
  if (held === null || sealed === undefined) throw new MlsError('mls/bad-commit')
  const info = labelled('UpdatePathNode', contextBytes(context))
  const pathSecret = cs.sync.openWith(held.key, info, sealed)
  return derivePath(cs, tree, sender, step.node, pathSecret, 'mls/bad-commit')
}

/** Forgets the keys of nodes that the tree has blanked: nobody encrypts to them any more. */
export function keepLiveKeys(tree: RatchetTree, own: PrivateKeyPath): PrivateKeyPath {
  const leafNode = leafToNodeIndex(toLeafIndex(own.leafIndex))
  const privateKeys: Record<number, Uint8Array> = {}
  for (const index of [leafNode, ...directPath(leafNode, leafWidth(tree.length))]) {
    const key = own.privateKeys[index]
    if (key !== undefined && tree[index] !== undefined) privateKeys[index] = key
  }
  return { leafIndex: own.leafIndex, privateKeys }
}

/** The lowest node of the sender's filtered direct path that has the leaf below it. */
export function commonAncestor(steps: readonly PathStep[], leaf: number): NodeIndex | null {
  return steps.find(({ copath }) => isBelow(leaf, copath))?.node ?? null
}
