/**
 * Messages of the exchange (spec/objects.md, "Messages"). Each kind has a number, which stands in the frame, and
 * records. Reading checks shapes and bounds; what a message claims is checked by whoever acts on it.
 */
import { concatBytes } from '@hyphae/core'
import {
  defineSchema,
  encodeFields,
  type FieldSpec,
  type FieldValues,
  readFields,
  readU32,
  type Schema,
  TlvError,
  writeU32,
} from '@hyphae/tlv'
import { ObjectsError } from './errors.js'
import { HASH_BYTES } from './hash.js'
import type { IndexSet } from './index-set.js'
import {
  BLOCK_BYTES,
  MAX_BITMAP_BYTES,
  MAX_DIGEST_ENTRIES,
  MAX_HASHES,
  MAX_HEADER_BYTES,
  MAX_RANGES,
  MAX_TTL_SECONDS,
} from './limits.js'

/** A description and how many seconds the sender will keep the object: never more than its time to live. */
export interface Entry {
  readonly remaining: number
  readonly headerBytes: Uint8Array
}

export type Message =
  /** The sender is here: tell it what there is. With `greet` it wants to be greeted too. */
  | { readonly kind: 'hello'; readonly greet: boolean }
  /** There are objects of these hashes: ask. */
  | { readonly kind: 'hint'; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'digest'; readonly entries: readonly Entry[] }
  /** One object; without payload when that is larger than a block, not here, or not for this link. */
  | { readonly kind: 'object'; readonly entry: Entry; readonly payload: Uint8Array | undefined }
  | { readonly kind: 'want'; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'request'; readonly hash: Uint8Array; readonly blocks: IndexSet }
  | {
      readonly kind: 'block'
      readonly hash: Uint8Array
      readonly block: number
      readonly data: Uint8Array
    }
  /** What was asked for is not here, or not for this link. */
  | { readonly kind: 'lack'; readonly hashes: readonly Uint8Array[] }
  /** These are known here: no need to tell again. */
  | { readonly kind: 'known'; readonly hashes: readonly Uint8Array[] }

const KINDS = ['hello', 'hint', 'digest', 'object', 'want', 'request', 'block', 'lack', 'known'] as const

const REMAINING_BYTES = 4
const ENTRY = { min: REMAINING_BYTES + 1, max: REMAINING_BYTES + MAX_HEADER_BYTES }

const HELLO_FIELDS = [{ type: 1, name: 'greet', size: 1 }] as const
const HASHES_FIELDS = [{ type: 1, name: 'hash', size: HASH_BYTES, repeat: MAX_HASHES }] as const
const DIGEST_FIELDS = [{ type: 1, name: 'entry', ...ENTRY, repeat: MAX_DIGEST_ENTRIES }] as const
const OBJECT_FIELDS = [
  { type: 1, name: 'entry', ...ENTRY },
  { type: 2, name: 'payload', max: BLOCK_BYTES, required: false },
] as const
const REQUEST_FIELDS = [
  { type: 1, name: 'hash', size: HASH_BYTES },
  { type: 2, name: 'ranges', max: MAX_RANGES * 8, required: false },
  { type: 3, name: 'bitmap', max: 4 + MAX_BITMAP_BYTES, required: false },
] as const
const BLOCK_FIELDS = [
  { type: 1, name: 'hash', size: HASH_BYTES },
  { type: 2, name: 'block', size: 4 },
  { type: 3, name: 'data', max: BLOCK_BYTES },
] as const

const HELLO = /* @__PURE__ */ defineSchema(HELLO_FIELDS)
const HASHES = /* @__PURE__ */ defineSchema(HASHES_FIELDS)
const DIGEST = /* @__PURE__ */ defineSchema(DIGEST_FIELDS)
const OBJECT = /* @__PURE__ */ defineSchema(OBJECT_FIELDS)
const REQUEST = /* @__PURE__ */ defineSchema(REQUEST_FIELDS)
const BLOCK = /* @__PURE__ */ defineSchema(BLOCK_FIELDS)

export interface EncodedMessage {
  /** 1 to 9: never 0, which is what frames of messages have in its place. */
  readonly kind: number
  readonly body: Uint8Array
}

export function encodeMessage(message: Message): EncodedMessage {
  return { kind: KINDS.indexOf(message.kind) + 1, body: encodeBody(message) }
}

function encodeBody(message: Message): Uint8Array {
  switch (message.kind) {
    case 'hello':
      return encodeFields(HELLO, { greet: Uint8Array.of(message.greet ? 1 : 0) })
    case 'digest':
      return encodeFields(DIGEST, { entry: message.entries.map(encodeEntry) })
    case 'object': {
      const { payload } = message
      return encodeFields(OBJECT, { entry: encodeEntry(message.entry), ...(payload && { payload }) })
    }
    case 'request': {
      const { hash, blocks } = message
      return encodeFields(
        REQUEST,
        blocks.kind === 'ranges' ? { hash, ranges: blocks.bytes } : { hash, bitmap: blocks.bytes },
      )
    }
    case 'block': {
      const block = new Uint8Array(4)
      writeU32(block, 0, message.block)
      return encodeFields(BLOCK, { hash: message.hash, block, data: message.data })
    }
    default:
      return encodeFields(HASHES, { hash: message.hashes })
  }
}

function encodeEntry(entry: Entry): Uint8Array {
  const remaining = new Uint8Array(REMAINING_BYTES)
  writeU32(remaining, 0, entry.remaining)
  return concatBytes(remaining, entry.headerBytes)
}

/** Bytes an entry takes in a digest. */
export function entryLength(headerBytes: Uint8Array): number {
  const length = REMAINING_BYTES + headerBytes.length
  return length + (length > 254 ? 5 : 2)
}

/** Zero bytes may follow. Bytes are views into `body`. @throws ObjectsError `objects/bad-message` */
export function decodeMessage({ kind, body }: EncodedMessage): Message {
  const name = KINDS[kind - 1]
  if (name === undefined) throw bad('kind')
  switch (name) {
    case 'hello': {
      const { greet } = fieldsOf(body, HELLO)
      if ((greet[0] as number) > 1) throw bad('greet')
      return { kind: name, greet: greet[0] === 1 }
    }
    case 'digest':
      return { kind: name, entries: fieldsOf(body, DIGEST).entry.map(decodeEntry) }
    case 'object': {
      const { entry, payload } = fieldsOf(body, OBJECT)
      return { kind: name, entry: decodeEntry(entry), payload }
    }
    case 'request': {
      const { hash, ranges, bitmap } = fieldsOf(body, REQUEST)
      if ((ranges === undefined) === (bitmap === undefined)) throw bad('blocks')
      if (ranges !== undefined) return { kind: name, hash, blocks: { kind: 'ranges', bytes: ranges } }
      return { kind: name, hash, blocks: { kind: 'bitmap', bytes: bitmap as Uint8Array } }
    }
    case 'block': {
      const { hash, block, data } = fieldsOf(body, BLOCK)
      return { kind: name, hash, block: readU32(block, 0), data }
    }
    default:
      return { kind: name, hashes: fieldsOf(body, HASHES).hash }
  }
}

function bad(reason: string): ObjectsError {
  return new ObjectsError('objects/bad-message', { details: { reason } })
}

function fieldsOf<const F extends readonly FieldSpec[]>(body: Uint8Array, schema: Schema<F>): FieldValues<F> {
  try {
    return readFields(body, schema, { padding: true }).values
  } catch (cause) {
    if (cause instanceof TlvError) throw new ObjectsError('objects/bad-message', { cause })
    throw cause
  }
}

function decodeEntry(bytes: Uint8Array): Entry {
  const remaining = readU32(bytes, 0)
  if (remaining === 0 || remaining > MAX_TTL_SECONDS) throw bad('remaining')
  return { remaining, headerBytes: bytes.subarray(REMAINING_BYTES) }
}
