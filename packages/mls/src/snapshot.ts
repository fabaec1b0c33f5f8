/**
 * Group states from rows, and a whole state as one byte string: version, then each row behind its key. What is
 * stored is trusted to be ours, not to be whole: rows that do not belong together are refused.
 */
import { concatBytes, equalBytes, GROUP_ID_BYTES, utf8 } from '@hyphae/core'
import type { RatchetTree } from 'ts-mls'
import { assertSize } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { decodeHead, type Head } from './head.js'
import { MAX_EPOCH, MAX_SNAPSHOT_BYTES, TREE_CHUNK_NODES } from './limits.js'
import { suiteOf } from './provider.js'
import { changedRows, type GroupRow, HEAD_KEY, nodeAbove, secretKey, treeKey } from './rows.js'
import { decodeSecretNode } from './secret-codec.js'
import { NO_SECRET_TREE, type SecretNode, type SecretTree } from './secret-tree.js'
import { type GroupData, type GroupState, leafAt, type PastEpoch, unwrapState, wrapState } from './state.js'
import { suiteIdOf } from './suite.js'
import type { SyncSuite } from './sync-suite.js'
import { assertTreeShape, MAX_NODES } from './tree.js'
import { decodeNodes } from './tree-codec.js'
import { hashTree } from './tree-hash.js'
import {
  reader,
  readRaw,
  readU8,
  readVector,
  vectorSize,
  writeRaw,
  writer,
  writeU8,
  writeVector,
} from './wire.js'

const SNAPSHOT_VERSION = 2
const BAD = 'mls/bad-snapshot'

type Rows = Map<string, Uint8Array>

function take(rows: Rows, key: string): Uint8Array {
  const value = rows.get(key)
  if (value === undefined) throw new MlsError(BAD, { details: { row: key } })
  rows.delete(key)
  return value
}

function readTree(rows: Rows, nodes: number): RatchetTree {
  if (nodes > MAX_NODES) throw new MlsError(BAD, { details: { nodes } })
  const tree: RatchetTree = []
  const known = new Map()
  for (let start = 0; start < nodes; start += TREE_CHUNK_NODES) {
    const size = Math.min(TREE_CHUNK_NODES, nodes - start)
    const part = decodeNodes(take(rows, treeKey(start / TREE_CHUNK_NODES)), size, BAD, known)
    if (part.length !== size) throw new MlsError(BAD)
    for (const node of part) tree.push(node)
  }
  assertTreeShape(tree, BAD)
  return tree
}

function readSecretTree(rows: Rows, epoch: bigint, width: number): SecretTree {
  if (width * 2 - 1 > MAX_NODES || width !== 2 ** Math.round(Math.log2(width))) throw new MlsError(BAD)
  const read = (first: number, leaves: number): SecretNode => {
    const key = secretKey(epoch, nodeAbove(first, leaves))
    if (rows.has(key)) {
      const node = decodeSecretNode(take(rows, key))
      if (node.kind === 'leaf' && leaves !== 1) throw new MlsError(BAD)
      return node
    }
    if (leaves === 1) throw new MlsError(BAD)
    const half = leaves / 2
    return { kind: 'branch', left: read(first, half), right: read(first + half, half) }
  }
  return { width, root: read(0, width) }
}

function readPast(rows: Rows, { past, groupContext }: Head): ReadonlyMap<bigint, PastEpoch> {
  const epochs = new Map<bigint, PastEpoch>()
  for (const { width, ...one } of past) {
    const { epoch } = one.groupContext
    if (epoch >= groupContext.epoch || epochs.has(epoch)) throw new MlsError(BAD)
    epochs.set(epoch, { ...one, secretTree: readSecretTree(rows, epoch, width) })
  }
  return epochs
}

/** The keys in the snapshot are those of the leaf it says is its own. */
function assertOwnLeaf(sync: SyncSuite, state: GroupData): void {
  const { privatePath, ratchetTree, signaturePrivateKey } = state
  const leaf = leafAt(ratchetTree, privatePath.leafIndex)
  const key = privatePath.privateKeys[privatePath.leafIndex * 2]
  if (leaf === null || key === undefined) throw new MlsError(BAD)
  const signs = equalBytes(sync.signingPublicOf(signaturePrivateKey), leaf.signaturePublicKey)
  const opens = equalBytes(sync.kemPublicOf(key), leaf.hpkePublicKey)
  if (!signs || !opens) throw new MlsError(BAD)
}

function assertConsistent(ctx: MlsContext, state: GroupData): void {
  const { groupContext, ratchetTree, groupActiveState } = state
  const { cipherSuite, epoch, groupId, treeHash } = groupContext
  const suite = suiteIdOf(cipherSuite)
  if (suite === null || groupId.length !== GROUP_ID_BYTES || epoch > MAX_EPOCH) throw new MlsError(BAD)
  if (groupActiveState.kind === 'suspendedPendingReinit') throw new MlsError(BAD)
  const { sync } = suiteOf(ctx.crypto, suite, ctx.suites)
  // A row of another epoch among these would not give the hash that the group has agreed on.
  if (!equalBytes(hashTree(sync.hash, ratchetTree).root, treeHash)) throw new MlsError(BAD)
  if (groupActiveState.kind === 'active') assertOwnLeaf(sync, state)
}

function readState(ctx: MlsContext, rows: Rows): GroupState {
  const head = decodeHead(take(rows, HEAD_KEY))
  const { nodes, past: _, version: __, ...fields } = head
  const ratchetTree = readTree(rows, nodes)
  const removed = head.groupActiveState.kind === 'removedFromGroup'
  const width = (nodes + 1) / 2
  const secretTree = removed ? NO_SECRET_TREE : readSecretTree(rows, head.groupContext.epoch, width)
  const state = { ...fields, ratchetTree, secretTree, pastEpochs: readPast(rows, head) }
  if (rows.size > 0) throw new MlsError(BAD, { details: { rows: rows.size } })
  assertConsistent(ctx, state)
  return wrapState(state)
}

function read(ctx: MlsContext, rows: Rows): GroupState {
  try {
    return readState(ctx, rows)
  } catch (cause) {
    throw cause instanceof MlsError && cause.code === BAD ? cause : new MlsError(BAD, { cause })
  }
}

/**
 * The state whose rows these are: all of its rows and no others, in any order. Values are copied.
 * @throws MlsError `mls/bad-snapshot`, `mls/too-large`
 */
export function decodeGroupRows(ctx: MlsContext, rows: Iterable<GroupRow>): GroupState {
  const found: Rows = new Map()
  let size = 0
  for (const { key, value } of rows) {
    if (value === null || found.has(key)) throw new MlsError(BAD)
    size += value.length
    if (size > MAX_SNAPSHOT_BYTES)
      throw new MlsError('mls/too-large', { details: { limit: MAX_SNAPSHOT_BYTES } })
    found.set(key, value.slice())
  }
  return read(ctx, found)
}

function byKey(a: GroupRow, b: GroupRow): number {
  return a.key < b.key ? -1 : 1
}

/** Versioned and canonical: equal states give equal bytes, rows ascend by their keys. */
export function encodeGroup(state: GroupState): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(SNAPSHOT_VERSION)]
  for (const { key, value } of [...changedRows(null, unwrapState(state))].sort(byKey)) {
    if (value === null) continue
    const name = utf8(key)
    const to = writer(1 + name.length + vectorSize(value.length))
    writeU8(to, name.length)
    writeRaw(to, name)
    writeVector(to, value)
    parts.push(to.bytes)
  }
  return concatBytes(...parts)
}

/**
 * The state that was encoded, ready for use.
 * @throws MlsError `mls/bad-snapshot`, `mls/too-large`
 */
export function decodeGroup(ctx: MlsContext, bytes: Uint8Array): GroupState {
  if (bytes[0] !== SNAPSHOT_VERSION) throw new MlsError(BAD, { details: { version: bytes[0] ?? -1 } })
  assertSize(bytes, MAX_SNAPSHOT_BYTES)
  const from = reader(bytes.slice(), BAD)
  from.at = 1
  const rows: Rows = new Map()
  let previous = ''
  while (from.at < from.end) {
    const key = String.fromCharCode(...readRaw(from, readU8(from)))
    if (key <= previous) throw new MlsError(BAD)
    rows.set(key, readVector(from))
    previous = key
  }
  return read(ctx, rows)
}
