// The tree over a payload, against one that is built another way.
import { concatBytes, toHex } from '@hyphae/core'
import {
  BLOCK_BYTES,
  buildTree,
  FAN_OUT,
  firstChunk,
  isBlock,
  MAX_BLOCKS,
  MAX_OBJECT_BYTES,
  placeOf,
  treeShape,
} from '@hyphae/objects'
import { blake3 } from '@noble/hashes/blake3.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pattern } from './support/world.js'

/** Section 2 of the specification, word by word and from the top. */
function rootOf(payload: Uint8Array): Uint8Array {
  let level = cut(payload, 3988).map((chunk) => blake3(concatBytes(Uint8Array.of(0), chunk)))
  for (let height = 1; level.length > 1; height++)
    level = cut(concatBytes(...level), 124 * 32).map((node) =>
      blake3(concatBytes(Uint8Array.of(1, height), node)),
    )
  return level[0] as Uint8Array
}

function cut(bytes: Uint8Array, length: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  do pieces.push(bytes.slice(pieces.length * length, (pieces.length + 1) * length))
  while (pieces.length * length < bytes.length)
  return pieces
}

const sizes = [
  0,
  1,
  BLOCK_BYTES - 1,
  BLOCK_BYTES,
  BLOCK_BYTES + 1,
  FAN_OUT * BLOCK_BYTES,
  FAN_OUT * BLOCK_BYTES + 1,
]

it.each(sizes)('of %i bytes has the root that the specification gives it, and every block checks', (size) => {
  const payload = pattern(size)
  const tree = buildTree(payload)
  expect(toHex(tree.root)).toBe(toHex(rootOf(payload)))
  expect(tree.blocks.length).toBe(tree.shape.blocks)
  for (const [block, data] of tree.blocks.entries()) {
    const place = placeOf(tree.shape, block)
    const parent = place.parent === undefined ? undefined : (tree.blocks[place.parent] as Uint8Array)
    const expected = parent?.subarray(place.slot * 32, place.slot * 32 + 32) ?? tree.root
    expect(isBlock(place, expected, data)).toBe(true)
    expect(
      isBlock(
        place,
        expected,
        data.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
      ),
    ).toBe(size === 0)
  }
})

it('has parents before children, one place for each block, and chunks last, whatever its size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_OBJECT_BYTES }), fc.nat(), (size, n) => {
      const shape = treeShape(size)
      const block = n % shape.blocks
      const { level, parent, slot, length } = placeOf(shape, block)
      expect(shape.blocks).toBeLessThanOrEqual(MAX_BLOCKS)
      expect(parent ?? -1).toBeLessThan(block)
      expect(slot).toBeLessThan(FAN_OUT)
      expect(length).toBeLessThanOrEqual(BLOCK_BYTES)
      expect(level === 0).toBe(block >= firstChunk(shape))
      if (parent !== undefined) expect(placeOf(shape, parent).length).toBeGreaterThanOrEqual((slot + 1) * 32)
    }),
  )
})

it('refuses sizes that no object has', () => {
  for (const size of [-1, 0.5, Number.NaN, MAX_OBJECT_BYTES + 1, 2 ** 53])
    expect(() => treeShape(size)).toThrow(/larger/)
  expect(() => placeOf(treeShape(10), 1)).toThrow(RangeError)
})
