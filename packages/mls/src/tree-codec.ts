/**
 * Nodes of a ratchet tree on the wire (RFC 9420 sections 7.1, 7.2 and 12.4.3.3): the same bytes as ts-mls's
 * codec, written and read in one pass, because every epoch, every Welcome and every restart goes through
 * thousands of nodes. Knows the form of a node, not whether it may be in a tree.
 */
import { equalBytes } from '@hyphae/core'
import type {
  Capabilities,
  Credential,
  Decoder,
  Extension,
  LeafNode,
  Node,
  ParentNode,
  RatchetTree,
} from 'ts-mls'
import { decodeCapabilities, encodeCapabilities } from 'ts-mls/capabilities.js'
import { decodeVarLenType } from 'ts-mls/codec/variableLength.js'
import { decodeCredential, encodeCredential } from 'ts-mls/credential.js'
import { decodeExtension, encodeExtension } from 'ts-mls/extension.js'
import type { MlsErrorCode } from './errors.js'
import {
  assertSpent,
  broken,
  type Reader,
  reader,
  readLength,
  readU8,
  readU16,
  readU32,
  readU64,
  readVector,
  vectorSize,
  type Writer,
  writeLength,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
  writeVector,
} from './wire.js'

const LEAF = 1
const PARENT = 2
const BASIC = 1
const SOURCES = { key_package: 1, update: 2, commit: 3 } as const
const LIFETIME_BYTES = 16

/** The parts that ts-mls encodes are the same in almost every leaf, so each is encoded once. */
const encodedCapabilities = new WeakMap<Capabilities, Uint8Array>()

function capabilityBytes(capabilities: Capabilities): Uint8Array {
  const known = encodedCapabilities.get(capabilities)
  if (known !== undefined) return known
  const bytes = encodeCapabilities(capabilities)
  encodedCapabilities.set(capabilities, bytes)
  return bytes
}

function credentialSize(credential: Credential): number {
  if (credential.credentialType !== 'basic') return encodeCredential(credential).length
  return 2 + vectorSize(credential.identity.length)
}

function writeCredential(to: Writer, credential: Credential): void {
  if (credential.credentialType !== 'basic') {
    writeRaw(to, encodeCredential(credential))
    return
  }
  writeU16(to, BASIC)
  writeVector(to, credential.identity)
}

export function extensionsSize(extensions: readonly Extension[]): number {
  return vectorSize(extensions.reduce((sum, extension) => sum + encodeExtension(extension).length, 0))
}

export function writeExtensions(to: Writer, extensions: readonly Extension[]): void {
  const encoded = extensions.map(encodeExtension)
  writeLength(
    to,
    encoded.reduce((sum, { length }) => sum + length, 0),
  )
  for (const bytes of encoded) writeRaw(to, bytes)
}

function sourceSize(leaf: LeafNode): number {
  if (leaf.leafNodeSource === 'key_package') return 1 + LIFETIME_BYTES
  return leaf.leafNodeSource === 'commit' ? 1 + vectorSize(leaf.parentHash.length) : 1
}

/** Bytes of a leaf without its signature. */
function unsignedSize(leaf: LeafNode): number {
  const keys = vectorSize(leaf.hpkePublicKey.length) + vectorSize(leaf.signaturePublicKey.length)
  const inner = credentialSize(leaf.credential) + capabilityBytes(leaf.capabilities).length
  return keys + inner + sourceSize(leaf) + extensionsSize(leaf.extensions)
}

function writeUnsigned(to: Writer, leaf: LeafNode): void {
  writeVector(to, leaf.hpkePublicKey)
  writeVector(to, leaf.signaturePublicKey)
  writeCredential(to, leaf.credential)
  writeRaw(to, capabilityBytes(leaf.capabilities))
  writeU8(to, SOURCES[leaf.leafNodeSource])
  if (leaf.leafNodeSource === 'key_package') {
    writeU64(to, leaf.lifetime.notBefore)
    writeU64(to, leaf.lifetime.notAfter)
  }
  if (leaf.leafNodeSource === 'commit') writeVector(to, leaf.parentHash)
  writeExtensions(to, leaf.extensions)
}

export function leafSize(leaf: LeafNode): number {
  return unsignedSize(leaf) + vectorSize(leaf.signature.length)
}

export function writeLeaf(to: Writer, leaf: LeafNode): void {
  writeUnsigned(to, leaf)
  writeVector(to, leaf.signature)
}

/** Section 7.2: LeafNodeTBS. Group and place are signed but in a KeyPackage, which knows neither. */
export function leafTbs(leaf: LeafNode, groupId: Uint8Array, leafIndex: number): Uint8Array {
  const bound = leaf.leafNodeSource !== 'key_package'
  const to = writer(unsignedSize(leaf) + (bound ? vectorSize(groupId.length) + 4 : 0))
  writeUnsigned(to, leaf)
  if (bound) {
    writeVector(to, groupId)
    writeU32(to, leafIndex)
  }
  return to.bytes
}

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

/** Leaves that are read together share what they say alike. */
type Known = Map<string, Capabilities>

function skipVector(from: Reader): void {
  readVector(from)
}

/** What ts-mls decodes is held to the same rule as all else here: nothing but its one encoding. */
function foreign<T>(
  from: Reader,
  bytes: Uint8Array,
  decode: Decoder<T>,
  encode: (value: T) => Uint8Array,
): T {
  try {
    const decoded = decode(bytes, 0)
    if (decoded !== undefined && equalBytes(encode(decoded[0]), bytes)) return decoded[0]
  } catch {
    // Its reasons are of no use to whoever sent the bytes.
  }
  throw broken(from)
}

function encodeExtensions(extensions: readonly Extension[]): Uint8Array {
  const to = writer(extensionsSize(extensions))
  writeExtensions(to, extensions)
  return to.bytes
}

function readCapabilities(from: Reader, known: Known): Capabilities {
  const start = from.at
  for (let list = 0; list < 5; list++) skipVector(from)
  const bytes = from.bytes.subarray(start, from.at)
  const name = String.fromCharCode(...bytes)
  const found = known.get(name)
  if (found !== undefined) return found
  const decoded = foreign(from, bytes, decodeCapabilities, encodeCapabilities)
  known.set(name, decoded)
  return decoded
}

function readCredential(from: Reader): Credential {
  const start = from.at
  if (readU16(from) === BASIC) return { credentialType: 'basic', identity: readVector(from) }
  skipVector(from)
  return foreign(from, from.bytes.subarray(start, from.at), decodeCredential, encodeCredential)
}

function readExtensions(from: Reader): Extension[] {
  const start = from.at
  if (readVector(from).length === 0) return []
  const bytes = from.bytes.subarray(start, from.at)
  return foreign(from, bytes, decodeVarLenType(decodeExtension), encodeExtensions)
}

function readLeaf(from: Reader, known: Known): LeafNode {
  const data = {
    hpkePublicKey: readVector(from),
    signaturePublicKey: readVector(from),
    credential: readCredential(from),
    capabilities: readCapabilities(from, known),
  }
  const source = readU8(from)
  if (source === SOURCES.key_package) {
    const lifetime = { notBefore: readU64(from), notAfter: readU64(from) }
    const extensions = readExtensions(from)
    return { ...data, leafNodeSource: 'key_package', lifetime, extensions, signature: readVector(from) }
  }
  if (source === SOURCES.commit) {
    const parentHash = readVector(from)
    const extensions = readExtensions(from)
    return { ...data, leafNodeSource: 'commit', parentHash, extensions, signature: readVector(from) }
  }
  if (source !== SOURCES.update) throw broken(from)
  return { ...data, leafNodeSource: 'update', extensions: readExtensions(from), signature: readVector(from) }
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

function readNode(from: Reader, known: Known): Node | undefined {
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
  known: Known = new Map(),
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
