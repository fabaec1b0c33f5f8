/**
 * Which blocks are asked for, on the wire: ranges, or a bitmap where that is shorter (spec/objects.md, "Request").
 *
 *     ranges: (first u32 | count u32)…, ascending, neither touching nor overlapping
 *     bitmap: first u32 | bits, lowest bit first; the first bit and the last byte are not zero
 */
import { readU32, writeU32 } from '@hyphae/tlv'
import { ObjectsError } from './errors.js'
import { MAX_BITMAP_BYTES, MAX_RANGES } from './limits.js'

export type IndexSet =
  | { readonly kind: 'ranges'; readonly bytes: Uint8Array }
  | { readonly kind: 'bitmap'; readonly bytes: Uint8Array }

const RANGE_BYTES = 8
const FIRST_BYTES = 4

/** As many of the indices, which ascend, as one request holds: from the first on. At least one is needed. */
export function encodeIndices(indices: readonly number[]): IndexSet {
  const ranges = encodeRanges(indices)
  const bitmap = encodeBitmap(indices)
  const whole = ranges.taken === bitmap.taken
  if (whole ? bitmap.bytes.length < ranges.bytes.length : bitmap.taken > ranges.taken)
    return { kind: 'bitmap', bytes: bitmap.bytes }
  return { kind: 'ranges', bytes: ranges.bytes }
}

interface Encoded {
  readonly bytes: Uint8Array
  /** How many of the indices are in it. */
  readonly taken: number
}

function encodeRanges(indices: readonly number[]): Encoded {
  const ranges: [first: number, count: number][] = []
  let taken = 0
  for (const index of indices) {
    const last = ranges.at(-1)
    if (last !== undefined && last[0] + last[1] === index) last[1] += 1
    else if (ranges.length === MAX_RANGES) break
    else ranges.push([index, 1])
    taken += 1
  }
  const bytes = new Uint8Array(ranges.length * RANGE_BYTES)
  for (const [i, [first, count]] of ranges.entries()) {
    writeU32(bytes, i * RANGE_BYTES, first)
    writeU32(bytes, i * RANGE_BYTES + 4, count)
  }
  return { bytes, taken }
}

function encodeBitmap(indices: readonly number[]): Encoded {
  const first = indices[0] as number
  const within = indices.filter((index) => index < first + MAX_BITMAP_BYTES * 8)
  const bytes = new Uint8Array(FIRST_BYTES + (((within.at(-1) as number) - first) >> 3) + 1)
  writeU32(bytes, 0, first)
  for (const index of within) {
    const at = FIRST_BYTES + ((index - first) >> 3)
    bytes[at] = (bytes[at] as number) | (1 << ((index - first) & 7))
  }
  return { bytes, taken: within.length }
}

function bad(reason: string): ObjectsError {
  return new ObjectsError('objects/bad-message', { details: { reason } })
}

/**
 * The indices, ascending, all below `limit`, at most `most` of them: nothing is made larger than the caller wants.
 * @throws ObjectsError `objects/bad-message`
 */
export function decodeIndices(set: IndexSet, limit: number, most: number): number[] {
  return set.kind === 'ranges' ? decodeRanges(set.bytes, limit, most) : decodeBitmap(set.bytes, limit, most)
}

function decodeRanges(bytes: Uint8Array, limit: number, most: number): number[] {
  if (bytes.length === 0 || bytes.length % RANGE_BYTES !== 0 || bytes.length > MAX_RANGES * RANGE_BYTES)
    throw bad('ranges')
  const indices: number[] = []
  let least = 0
  for (let at = 0; at < bytes.length; at += RANGE_BYTES) {
    const first = readU32(bytes, at)
    const count = readU32(bytes, at + 4)
    if (count === 0 || first < least || first + count > limit) throw bad('range')
    for (let index = first; index < first + count && indices.length < most; index++) indices.push(index)
    least = first + count + 1
  }
  return indices
}

function decodeBitmap(bytes: Uint8Array, limit: number, most: number): number[] {
  const bits = bytes.length - FIRST_BYTES
  if (bits < 1 || bits > MAX_BITMAP_BYTES || bytes.at(-1) === 0) throw bad('bitmap')
  if (((bytes[FIRST_BYTES] as number) & 1) === 0) throw bad('bitmap')
  const first = readU32(bytes, 0)
  const indices: number[] = []
  for (let bit = 0; bit < bits * 8; bit++) {
    if (((bytes[FIRST_BYTES + (bit >> 3)] as number) & (1 << (bit & 7))) === 0) continue
    if (first + bit >= limit) throw bad('index')
    if (indices.length < most) indices.push(first + bit)
  }
  return indices
}
