/**
 * The tree over a payload (spec/objects.md, "Tree").
 *
 * The payload is cut into chunks of BLOCK_BYTES. The hashes of up to FAN_OUT chunks, one after the other, are a node
 * one level up, and so on until one block is left: its hash is the root. Nodes and chunks are both blocks, numbered
 * level by level from the top, from left to right, so that the parent of a block always has a smaller number: whoever
 * fetches in order can check each block on arrival against a hash it already holds, and no proof travels.
 */
import { ObjectsError } from './errors.js'
import { blockHash, HASH_BYTES } from './hash.js'
import { BLOCK_BYTES, FAN_OUT, MAX_OBJECT_BYTES } from './limits.js'

/** What a size makes of a tree. */
export interface TreeShape {
  readonly size: number
  /** Blocks of each level, from the top down; the last are the chunks. */
  readonly levels: readonly number[]
  /** All of them. */
  readonly blocks: number
}

/** Where a block stands. */
export interface BlockPlace {
  /** 0 for a chunk. */
  readonly level: number
  /** Within its level. */
  readonly index: number
  /** Undefined for the topmost, whose hash is the root. */
  readonly parent: number | undefined
  /** Which hash of its parent is this block's. */
  readonly slot: number
  /** Bytes it must have. */
  readonly length: number
}

/** @throws ObjectsError `objects/too-large` */
export function treeShape(size: number): TreeShape {
  if (!Number.isSafeInteger(size) || size < 0 || size > MAX_OBJECT_BYTES)
    throw new ObjectsError('objects/too-large', { details: { size, limit: MAX_OBJECT_BYTES } })
  const levels = [Math.max(1, Math.ceil(size / BLOCK_BYTES))]
  while ((levels[0] as number) > 1) levels.unshift(Math.ceil((levels[0] as number) / FAN_OUT))
  return { size, levels, blocks: levels.reduce((sum, count) => sum + count, 0) }
}

/** The number of the first chunk. */
export function firstChunk(shape: TreeShape): number {
  return shape.blocks - (shape.levels.at(-1) as number)
}

/** @throws RangeError outside of the tree */
export function placeOf(shape: TreeShape, block: number): BlockPlace {
  let start = 0
  for (const [depth, count] of shape.levels.entries()) {
    if (block < start + count && block >= start) {
      const index = block - start
      const level = shape.levels.length - 1 - depth
      const above = depth === 0 ? 0 : (shape.levels[depth - 1] as number)
      const parent = depth === 0 ? undefined : start - above + Math.floor(index / FAN_OUT)
      return { level, index, parent, slot: index % FAN_OUT, length: lengthOf(shape, depth, index) }
    }
    start += count
  }
  throw new RangeError('no such block')
}

function lengthOf(shape: TreeShape, depth: number, index: number): number {
  const below = shape.levels[depth + 1]
  if (below === undefined) return Math.min(BLOCK_BYTES, shape.size - index * BLOCK_BYTES)
  return HASH_BYTES * Math.min(FAN_OUT, below - index * FAN_OUT)
}

/** Block numbers of the blocks under a node, in order; none for a chunk. */
export function childrenOf(
  shape: TreeShape,
  block: number,
): { readonly first: number; readonly count: number } {
  const { level, index, length } = placeOf(shape, block)
  const depth = shape.levels.length - 1 - level
  if (level === 0) return { first: shape.blocks, count: 0 }
  const start = shape.levels.slice(0, depth + 1).reduce((sum, count) => sum + count, 0)
  return { first: start + index * FAN_OUT, count: length / HASH_BYTES }
}

export interface Tree {
  readonly shape: TreeShape
  /** 32 bytes. */
  readonly root: Uint8Array
  /** By number; chunks are views into the payload. */
  readonly blocks: readonly Uint8Array[]
}

/** @throws ObjectsError `objects/too-large` */
export function buildTree(payload: Uint8Array): Tree {
  const shape = treeShape(payload.length)
  let level: Uint8Array[] = cut(payload, BLOCK_BYTES)
  const blocks = [level]
  let hashes = level.map((chunk) => blockHash(0, chunk))
  for (let height = 1; hashes.length > 1; height++) {
    level = cut(joined(hashes), FAN_OUT * HASH_BYTES)
    blocks.unshift(level)
    hashes = level.map((node) => blockHash(height, node))
  }
  return { shape, root: hashes[0] as Uint8Array, blocks: blocks.flat() }
}

/** Pieces of `length`; of nothing, one empty piece. */
function cut(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / length)) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  )
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * HASH_BYTES)
  for (const [i, hash] of hashes.entries()) bytes.set(hash, i * HASH_BYTES)
  return bytes
}

/** True when `bytes` is the block at `place`; `expected` is the root, or the hash its parent has for it. */
export function isBlock(place: BlockPlace, expected: Uint8Array, bytes: Uint8Array): boolean {
  if (bytes.length !== place.length) return false
  const hash = blockHash(place.level, bytes)
  return hash.every((byte, i) => byte === expected[i])
}
