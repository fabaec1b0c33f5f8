/**
 * Ratchet trees on the wire (RFC 9420 sections 7.1, 7.8 and 12.4.3.3): the same bytes as ts-mls's codec, written
 * and read in one pass. Knows the form of a node, not whether it may be in a tree.
 */
import { equalBytes } from '@hyphae/core'
import type { LeafNode, Node, ParentNode, RatchetTree } from 'ts-mls'
import { type LeafIndex, toLeafIndex } from 'ts-mls/treemath.js'
import type { MlsErrorCode } from './errors.js'
import { type KnownCapabilities, leafSize, readLeaf, writeLeaf } from './leaf-codec.js'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readLength,
  readU8,
  readU32,
  readVector,
  vectorSize,
  type Writer,
  writeLength,
  writer,
  writeU8,
  writeU32,
  writeVector,
} from './wire.js'

const LEAF = 1
const PARENT = 2

function parentSize({ hpkePublicKey, parentHash, unmergedLeaves }: ParentNode): number {
  return (
    vectorSize(hpkePublicKey.length) + vectorSize(parentHash.length) + vectorSize(unmergedLeaves.length * 4)
  )
}

function writeParent(to: Writer, { hpkePublicKey, parentHash, unmergedLeaves }: ParentNode): void {
  writeVector(to, hpkePublicKey)
  writeVector(to, parentHash)
  writeLength(to, unmergedLeaves.length * 4)
  for (const leaf of unmergedLeaves) writeU32(to, leaf)
}

/** Hash inputs are written here, one after another: a tree has thousands, and each is read once. */
const SCRATCH: Uint8Array = new Uint8Array(8192)

function scratch(size: number): Writer {
  return size > SCRATCH.length ? writer(size) : { bytes: SCRATCH.subarray(0, size), at: 0 }
}

/** Section 7.8: TreeHashInput of a leaf. Valid until the next hash input is made. */
export function leafHashInput(leafIndex: number, leaf: LeafNode | undefined): Uint8Array {
  const to = scratch(6 + (leaf === undefined ? 0 : leafSize(leaf)))
  writeU8(to, LEAF)
  writeU32(to, leafIndex)
  writeU8(to, leaf === undefined ? 0 : 1)
  if (leaf !== undefined) writeLeaf(to, leaf)
  return to.bytes
}

/** Section 7.8: TreeHashInput of a parent. Valid until the next hash input is made. */
export function parentHashInput(
  parent: ParentNode | undefined,
  left: Uint8Array,
  right: Uint8Array,
): Uint8Array {
  const children = vectorSize(left.length) + vectorSize(right.length)
  const to = scratch(2 + (parent === undefined ? 0 : parentSize(parent)) + children)
  writeU8(to, PARENT)
  writeU8(to, parent === undefined ? 0 : 1)
  if (parent !== undefined) writeParent(to, parent)
  writeVector(to, left)
  writeVector(to, right)
  return to.bytes
}

function nodeSize(node: Node | undefined): number {
  if (node === undefined) return 1
  return 2 + (node.nodeType === 'leaf' ? leafSize(node.leaf) : parentSize(node.parent))
}

function writeNode(to: Writer, node: Node | undefined): void {
  writeU8(to, node === undefined ? 0 : 1)
  if (node === undefined) return
  writeU8(to, node.nodeType === 'leaf' ? LEAF : PARENT)
  if (node.nodeType === 'leaf') writeLeaf(to, node.leaf)
  else writeParent(to, node.parent)
}

/** Nodes one after another, blank ones included, without the length of the whole. */
export function encodeNodes(nodes: RatchetTree): Uint8Array {
  let size = 0
  for (const node of nodes) size += nodeSize(node)
  const to = writer(size)
  for (const node of nodes) writeNode(to, node)
  return to.bytes
}

function readParent(from: Reader): ParentNode {
  const hpkePublicKey = readVector(from)
  const parentHash = readVector(from)
  const length = readLength(from)
  if (length % 4 !== 0 || length > from.end - from.at) throw broken(from)
  const unmergedLeaves: number[] = []
  for (let at = 0; at < length; at += 4) unmergedLeaves.push(readU32(from))
  return { hpkePublicKey, parentHash, unmergedLeaves }
}

function readNode(from: Reader, known: KnownCapabilities): Node | undefined {
  const present = readU8(from)
  if (present === 0) return undefined
  const type = present === 1 ? readU8(from) : 0
  if (type === LEAF) return { nodeType: 'leaf', leaf: readLeaf(from, known) }
  if (type === PARENT) return { nodeType: 'parent', parent: readParent(from) }
  throw broken(from)
}

/**
 * At most `limit` nodes; their arrays are views of `bytes`, which must be the caller's own.
 * @throws MlsError `code`
 */
export function decodeNodes(
  bytes: Uint8Array,
  limit: number,
  code: MlsErrorCode,
  known: KnownCapabilities = new Map(),
): RatchetTree {
  const from = reader(bytes, code)
  const nodes: RatchetTree = []
  while (from.at < from.end) {
    if (nodes.length === limit) throw broken(from)
    nodes.push(readNode(from, known))
  }
  assertSpent(from)
  return nodes
}

/** Where the tree has this leaf, byte for byte; null when it has not. */
export function leafLike(tree: RatchetTree, leaf: LeafNode): LeafIndex | null {
  const wanted = encodeNodes([{ nodeType: 'leaf', leaf }])
  const index = tree.findIndex(
    (node) =>
      node?.nodeType === 'leaf' &&
      equalBytes(node.leaf.signaturePublicKey, leaf.signaturePublicKey) &&
      equalBytes(encodeNodes([node]), wanted),
  )
  return index < 0 ? null : toLeafIndex(index / 2)
}

/** Section 12.4.3.3: the ratchet_tree extension; blank nodes at the end are left out. */
export function encodeTree(tree: RatchetTree): Uint8Array {
  let end = tree.length
  while (end > 0 && tree[end - 1] === undefined) end--
  const nodes = encodeNodes(tree.slice(0, end))
  const to = writer(vectorSize(nodes.length))
  writeVector(to, nodes)
  return to.bytes
}

/** The tree that encodeTree wrote, full again. Its arrays are views of `bytes`. @throws MlsError `code` */
export function decodeTree(bytes: Uint8Array, limit: number, code: MlsErrorCode): RatchetTree {
  const from = reader(bytes, code)
  const inner = readVector(from)
  assertSpent(from)
  const tree = decodeNodes(inner, limit, code)
  if (tree.length === 0 || tree[tree.length - 1] === undefined) throw broken(from)
  return fullTree(tree)
}

/** Blank nodes at the end until the width is a power of two. Changes the array. */
export function fullTree(tree: RatchetTree): RatchetTree {
  let size = 1
  while (size < tree.length) size = size * 2 + 1
  while (tree.length < size) tree.push(undefined)
  return tree
}
