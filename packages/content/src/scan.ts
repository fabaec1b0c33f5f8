/**
 * Walks MessagePack without decoding it: finds where a value ends and refuses what could cost memory.
 *
 * spec/content.md section 3. Every length is held against the bytes that are really there, so the decoder
 * that runs afterwards allocates in proportion to its input. Knows nothing of content types.
 */
import { fromUtf8, isHyphaeError } from '@hyphae/core'
import { ContentError } from './errors.js'
import { MAX_DEPTH, MAX_KEY_BYTES, MAX_VALUES } from './limits.js'

/** How many more values may follow, at any depth. */
export interface ScanBudget {
  values: number
}

/** Keys that reach into an object's prototype when a careless program assigns them. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export function scanBudget(): ScanBudget {
  return { values: MAX_VALUES }
}

/** Bytes after the head of values that have a fixed size. float32 is missing: the canonical form has none. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  192: 0, // nil
  194: 0, // false
  195: 0, // true
  203: 8, // float64
  204: 1, // uint8
  205: 2, // uint16
  206: 4, // uint32
  207: 8, // uint64
  208: 1, // int8
  209: 2, // int16
  210: 4, // int32
  211: 8, // int64
}

/** Width of the length field and what it counts. */
const COUNTED: Readonly<Record<number, readonly [width: number, kind: 'bytes' | 'array' | 'map']>> = {
  196: [1, 'bytes'],
  197: [2, 'bytes'],
  198: [4, 'bytes'],
  217: [1, 'bytes'],
  218: [2, 'bytes'],
  219: [4, 'bytes'],
  220: [2, 'array'],
  221: [4, 'array'],
  222: [2, 'map'],
  223: [4, 'map'],
}

/**
 * Offset after the value that starts at `offset`.
 * @throws ContentError `content/malformed`, `content/too-deep`, `content/too-many-values`, `content/forbidden-key`
 */
export function skipValue(input: Uint8Array, offset: number, budget: ScanBudget, depth = 0): number {
  if (depth > MAX_DEPTH) throw new ContentError('content/too-deep', { details: { limit: MAX_DEPTH } })
  if (budget.values-- <= 0)
    throw new ContentError('content/too-many-values', { details: { limit: MAX_VALUES } })
  const head = readUint(input, offset, 1)
  const next = offset + 1
  if (head < 0x80 || head >= 0xe0) return next
  if (head < 0x90) return skipMap(input, next, head & 0x0f, budget, depth)
  if (head < 0xa0) return skipArray(input, next, head & 0x0f, budget, depth)
  if (head < 0xc0) return skipBytes(input, next, head & 0x1f)
  const fixed = FIXED_BYTES[head]
  if (fixed !== undefined) return skipBytes(input, next, fixed)
  const counted = COUNTED[head]
  if (counted === undefined) throw new ContentError('content/malformed', { details: { offset } })
  const [width, kind] = counted
  const count = readUint(input, next, width)
  if (kind === 'bytes') return skipBytes(input, next + width, count)
  return (kind === 'map' ? skipMap : skipArray)(input, next + width, count, budget, depth)
}

function readUint(input: Uint8Array, offset: number, width: number): number {
  if (offset + width > input.length) throw new ContentError('content/malformed', { details: { offset } })
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + (input[offset + i] as number)
  return value
}

function skipBytes(input: Uint8Array, offset: number, length: number): number {
  if (length > input.length - offset) throw new ContentError('content/malformed', { details: { offset } })
  return offset + length
}

function skipArray(
  input: Uint8Array,
  offset: number,
  count: number,
  budget: ScanBudget,
  depth: number,
): number {
  // Each value takes at least one byte, so a larger count is a lie.
  if (count > input.length - offset) throw new ContentError('content/malformed', { details: { offset } })
  let end = offset
  for (let i = 0; i < count; i++) end = skipValue(input, end, budget, depth + 1)
  return end
}

function skipMap(
  input: Uint8Array,
  offset: number,
  count: number,
  budget: ScanBudget,
  depth: number,
): number {
  if (2 * count > input.length - offset) throw new ContentError('content/malformed', { details: { offset } })
  let end = offset
  for (let i = 0; i < count; i++) end = skipValue(input, skipKey(input, end, budget), budget, depth + 1)
  return end
}

function skipKey(input: Uint8Array, offset: number, budget: ScanBudget): number {
  const head = readUint(input, offset, 1)
  const short = head >= 0xa0 && head < 0xc0
  if (!short && head !== 0xd9) throw new ContentError('content/forbidden-key', { details: { offset } })
  const end = skipValue(input, offset, budget)
  const start = offset + (short ? 1 : 2)
  if (end - start > MAX_KEY_BYTES) throw new ContentError('content/forbidden-key', { details: { offset } })
  if (FORBIDDEN_KEYS.has(keyText(input.subarray(start, end))))
    throw new ContentError('content/forbidden-key', { details: { offset } })
  return end
}

function keyText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (error) {
    if (isHyphaeError(error, 'core/bad-utf8')) throw new ContentError('content/malformed')
    throw error
  }
}
