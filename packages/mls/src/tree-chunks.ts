/**
 * A large group's tree apart from its Welcome (RFC 9420 section 12.4.3.3): in chunks of 128 nodes, each named by its
 * hash, the names in the sealed GroupInfo. Whoever keeps the chunks can neither change them nor put others in
 * their place; a chunk that a commit has not changed keeps its name. Trees are public to whoever has the chunks.
 */
import { toHex } from '@hyphae/core'
import type { Extension, GroupInfo, RatchetTree } from 'ts-mls'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { MAX_CHUNK_BYTES, TREE_CHUNK_NODES } from './limits.js'
import { type GroupState, openState } from './state.js'
import type { SuiteHash } from './suite.js'
import { MAX_NODES } from './tree.js'
import { decodeNodes, encodeNodes, fullTree } from './tree-codec.js'

/** In the private range of RFC 9420 section 17.3; in a GroupInfo alone. */
export const CHUNKS_EXTENSION = 0xf0a2

/** Where a Welcome has the tree. */
export type TreePlace = 'inside' | 'apart'

export interface TreeChunk {
  /** The hash of `bytes`, by the suite's hash. */
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** What a joiner brings when the tree is not in the Welcome; one of them is enough. */
export interface ApartTree {
  /** The whole tree, as the ratchet_tree extension has it. */
  readonly tree?: Uint8Array
  /** All chunks, in any order. */
  readonly chunks?: readonly Uint8Array[]
}

/** The chunks of a tree in order; the last is cut after the last node. */
export function chunksOf(hash: SuiteHash, tree: RatchetTree): TreeChunk[] {
  let end = tree.length
  while (end > 0 && tree[end - 1] === undefined) end--
  const chunks: TreeChunk[] = []
  for (let start = 0; start < end; start += TREE_CHUNK_NODES) {
    const bytes = encodeNodes(tree.slice(start, Math.min(start + TREE_CHUNK_NODES, end)))
    chunks.push({ id: hash.digest(bytes), bytes })
  }
  return chunks
}

/** The names one after another. */
export function chunksExtension(hash: SuiteHash, tree: RatchetTree): Extension {
  const ids = chunksOf(hash, tree).map(({ id }) => id)
  const extensionData = new Uint8Array(ids.length * hash.size)
  for (const [i, id] of ids.entries()) extensionData.set(id, i * hash.size)
  return { extensionType: CHUNKS_EXTENSION, extensionData }
}

/** The names as the GroupInfo has them; null when it names none. */
export function chunkIdsOf({ extensions }: GroupInfo): Uint8Array | null {
  const [first, second] = extensions.filter(({ extensionType }) => extensionType === CHUNKS_EXTENSION)
  if (second !== undefined) throw new MlsError('mls/bad-welcome')
  return first?.extensionData ?? null
}

/** @throws MlsError `mls/bad-welcome` unless the names are whole and no more than a tree can have */
export function splitIds(hash: SuiteHash, ids: Uint8Array): Uint8Array[] {
  const count = ids.length / hash.size
  if (!Number.isInteger(count) || count === 0 || count > Math.ceil(MAX_NODES / TREE_CHUNK_NODES))
    throw new MlsError('mls/bad-welcome', { details: { length: ids.length } })
  return Array.from({ length: count }, (_, i) => ids.slice(i * hash.size, (i + 1) * hash.size))
}

/** What is not named is ignored; what is too large is not even hashed. */
function byName(hash: SuiteHash, chunks: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const bytes of chunks.slice(0, 2 * Math.ceil(MAX_NODES / TREE_CHUNK_NODES))) {
    if (bytes.length > MAX_CHUNK_BYTES) continue
    const copy = bytes.slice()
    found.set(toHex(hash.digest(copy)), copy)
  }
  return found
}

/**
 * The tree of these chunks, which is exactly the one that was cut.
 * @throws MlsError `mls/missing-chunk` for one that is missing, cut short or changed, `mls/bad-welcome`
 */
export function joinChunks(hash: SuiteHash, ids: Uint8Array, chunks: readonly Uint8Array[]): RatchetTree {
  const names = splitIds(hash, ids)
  const found = byName(hash, chunks)
  const tree: RatchetTree = []
  const known = new Map()
  for (const [chunk, id] of names.entries()) {
    const bytes = found.get(toHex(id))
    if (bytes === undefined)
      throw new MlsError('mls/missing-chunk', { details: { chunk, chunks: names.length } })
    const nodes = decodeNodes(bytes, TREE_CHUNK_NODES, 'mls/bad-welcome', known)
    const last = chunk === names.length - 1
    if (last ? nodes.at(-1) === undefined : nodes.length !== TREE_CHUNK_NODES)
      throw new MlsError('mls/bad-welcome', { details: { chunk } })
    for (const node of nodes) tree.push(node)
  }
  return fullTree(tree)
}

/**
 * The group's tree as it is now, for whoever keeps chunks for joiners: publish those that are new before the
 * Welcome is sent.
 * @throws MlsError `mls/foreign-state`, `mls/removed`
 */
export function treeChunks(ctx: MlsContext, state: GroupState): TreeChunk[] {
  const { client, cs } = openState(ctx, state)
  return chunksOf(cs.sync.hash, client.ratchetTree)
}
