/**
 * The values a body may hold and their one encoding: MessagePack, shortest form, map keys sorted.
 *
 * spec/content.md section 3. `decodeValue(encodeValue(x))` gives x back, and bytes that `encodeValue` would
 * not have written are refused, so a value and its bytes (and their hash) stand for each other.
 */
import { equalBytes, utf8 } from '@hyphae/core'
import { decode, encode } from '@msgpack/msgpack'
import { ContentError } from './errors.js'
import { MAX_DEPTH, MAX_KEY_BYTES, MAX_MESSAGE_BYTES, MAX_VALUES } from './limits.js'
import { FORBIDDEN_KEYS, type ScanBudget, scanBudget, skipValue } from './scan.js'

/** What a message body may be made of. Undefined fields of an object are left out. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value | undefined }

/** With the u flag a pair is one character, so this finds lone halves only. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

const ENCODE_OPTIONS = {
  sortKeys: true,
  ignoreUndefined: true,
  // Top level is depth 1 to the library; the walk before it has counted from 0.
  maxDepth: MAX_DEPTH + 2,
}

const DECODE_OPTIONS = {
  maxStrLength: MAX_MESSAGE_BYTES,
  maxBinLength: MAX_MESSAGE_BYTES,
  maxArrayLength: MAX_VALUES,
  maxMapLength: MAX_VALUES,
  maxExtLength: 0,
  // The library's default keeps keys it has seen for the life of the process: they are plaintext.
  keyDecoder: null,
}

/**
 * The canonical bytes of a value.
 * @throws ContentError `content/unsupported-value`, `content/forbidden-key`, `content/too-deep`, `content/too-many-values`
 */
export function encodeValue(value: unknown): Uint8Array {
  assertValue(value, scanBudget(), 0)
  return encode(value, ENCODE_OPTIONS)
}

/**
 * Reads exactly one canonical value. Byte strings in it are copies.
 * @throws ContentError `content/malformed`, `content/not-canonical`, and what `skipValue` throws
 */
export function decodeValue(input: Uint8Array): unknown {
  const end = skipValue(input, 0, scanBudget())
  if (end !== input.length)
    throw new ContentError('content/malformed', { details: { trailing: input.length - end } })
  return decodeScanned(input)
}

/** As `decodeValue`, for bytes that `skipValue` has found to be exactly one value. */
export function decodeScanned(input: Uint8Array): unknown {
  let value: unknown
  try {
    value = decode(input.slice(), DECODE_OPTIONS)
  } catch {
    // The library's errors can quote the input, so none is passed on.
    throw new ContentError('content/malformed')
  }
  if (!equalBytes(reencode(value), input)) throw new ContentError('content/not-canonical')
  return value
}

function reencode(value: unknown): Uint8Array {
  try {
    return encodeValue(value)
  } catch (error) {
    // Text that is not well-formed Unicode decodes, and cannot have been written by `encodeValue`.
    if (error instanceof ContentError && error.code === 'content/unsupported-value')
      throw new ContentError('content/not-canonical')
    throw error
  }
}

function assertValue(value: unknown, budget: ScanBudget, depth: number): void {
  if (depth > MAX_DEPTH) throw new ContentError('content/too-deep', { details: { limit: MAX_DEPTH } })
  if (budget.values-- <= 0)
    throw new ContentError('content/too-many-values', { details: { limit: MAX_VALUES } })
  if (value === null || value instanceof Uint8Array) return
  if (typeof value === 'boolean') return
  if (typeof value === 'number') assertNumber(value)
  else if (typeof value === 'string') assertText(value)
  else if (Array.isArray(value)) assertArray(value, budget, depth)
  else assertObject(value, budget, depth)
}

function assertArray(value: readonly unknown[], budget: ScanBudget, depth: number): void {
  // An index loop, not forEach: a hole has to be refused too.
  for (let i = 0; i < value.length; i++) assertValue(value[i], budget, depth + 1)
}

function assertObject(value: unknown, budget: ScanBudget, depth: number): void {
  if (!isPlainObject(value)) throw new ContentError('content/unsupported-value')
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue
    assertKey(key, budget)
    assertValue(field, budget, depth + 1)
  }
}

/** NaN has many bit patterns, and engines differ in which they keep: it cannot have one encoding. */
function assertNumber(value: number): void {
  if (Number.isNaN(value)) throw new ContentError('content/unsupported-value')
}

function assertText(text: string): void {
  if (LONE_SURROGATE.test(text)) throw new ContentError('content/unsupported-value')
}

function assertKey(key: string, budget: ScanBudget): void {
  if (FORBIDDEN_KEYS.has(key) || utf8(key).length > MAX_KEY_BYTES)
    throw new ContentError('content/forbidden-key')
  budget.values--
  assertText(key)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
