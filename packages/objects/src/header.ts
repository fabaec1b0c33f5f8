/**
 * The description of an object (spec/objects.md, "Header"): everything about it but its payload, which the root
 * stands for. Its hash names the object.
 *
 * Times in it are the publisher's and are only shown: how long a copy lives is counted by who holds it.
 */
import { concatBytes, KEY_BYTES, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import {
  defineSchema,
  encodeFields,
  type FieldValues,
  readFields,
  readU32,
  readU64,
  splitLast,
  TlvError,
  writeU32,
  writeU64,
} from '@hyphae/tlv'
import { ObjectsError } from './errors.js'
import { HASH_BYTES } from './hash.js'
import {
  MAX_HEADER_BYTES,
  MAX_MIN_BANDWIDTH_BPS,
  MAX_NAME_BYTES,
  MAX_OBJECT_BYTES,
  MAX_TTL_SECONDS,
} from './limits.js'

/** Immutable: never replaced. Mutable: by a version of a higher sequence. Ephemeral: never stored, one block. */
export type ObjectType = 'immutable' | 'mutable' | 'ephemeral'
export type Priority = 'critical' | 'normal' | 'lazy'

const TYPES: readonly ObjectType[] = ['immutable', 'mutable', 'ephemeral']
/** What goes first stands first. */
export const PRIORITIES: readonly Priority[] = ['critical', 'normal', 'lazy']

export interface ObjectHeader {
  readonly type: ObjectType
  /** Publisher's clock, ms since 1970. */
  readonly created: number
  /** Seconds, 1 to MAX_TTL_SECONDS. */
  readonly ttl: number
  /** Bytes of the payload. */
  readonly size: number
  readonly priority: Priority
  /** Links that are slower carry the description alone; 0 for any link. */
  readonly minBandwidthBps: number
  /** Hash of the topmost block. */
  readonly root: Uint8Array
  /** What the payload is, for programs that share a node; 0 when it is nobody's but the app's. */
  readonly use: number
  /** Ed25519 public key; the header is then signed. Always there in a mutable object. */
  readonly owner: Uint8Array | undefined
  /** With the owner it says which mutable object this is a version of. */
  readonly name: Uint8Array | undefined
  readonly sequence: number | undefined
}

const SIGNATURE = 254
const SIGNATURE_BYTES = 64
const LABEL = /* @__PURE__ */ utf8('hyphae object v1\0')

const FIELDS = [
  { type: 1, name: 'type', size: 1 },
  { type: 2, name: 'created', size: 8 },
  { type: 3, name: 'ttl', size: 4 },
  { type: 4, name: 'size', size: 4 },
  { type: 5, name: 'priority', size: 1 },
  { type: 6, name: 'minBandwidth', size: 4, required: false },
  { type: 7, name: 'root', size: HASH_BYTES },
  { type: 8, name: 'use', size: 1, required: false },
  { type: 9, name: 'owner', size: KEY_BYTES, required: false },
  { type: 10, name: 'name', min: 1, max: MAX_NAME_BYTES, required: false },
  { type: 11, name: 'sequence', size: 8, required: false },
  { type: SIGNATURE, name: 'signature', size: SIGNATURE_BYTES, required: false },
] as const
const SCHEMA = /* @__PURE__ */ defineSchema(FIELDS)
type Values = FieldValues<typeof FIELDS>

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeU64(bytes, 0, value)
  return bytes
}

function bad(field: string): ObjectsError {
  return new ObjectsError('objects/bad-header', { details: { field } })
}

/**
 * The encoding; signed when there is an owner, whose key it then takes.
 * @throws ObjectsError `objects/bad-header`
 */
export function encodeHeader(
  header: ObjectHeader,
  signer?: { readonly crypto: CryptoProvider; readonly key: Ed25519PrivateKey },
): Uint8Array {
  checkHeader(header)
  if ((header.owner !== undefined) !== (signer !== undefined)) throw bad('owner')
  const values: Values = {
    type: Uint8Array.of(TYPES.indexOf(header.type) + 1),
    created: u64(header.created),
    ttl: u32(header.ttl),
    size: u32(header.size),
    priority: Uint8Array.of(PRIORITIES.indexOf(header.priority) + 1),
    root: header.root,
    ...(header.minBandwidthBps > 0 && { minBandwidth: u32(header.minBandwidthBps) }),
    ...(header.use > 0 && { use: Uint8Array.of(header.use) }),
    ...(header.owner && { owner: header.owner }),
    ...(header.name && { name: header.name }),
    ...(header.sequence !== undefined && { sequence: u64(header.sequence) }),
  }
  if (signer === undefined) return encodeFields(SCHEMA, values)
  const signed = concatBytes(LABEL, encodeFields(SCHEMA, values))
  return encodeFields(SCHEMA, { ...values, signature: signer.crypto.ed25519.sign(signer.key, signed) })
}

/**
 * Reads a description from outside; the signature is checked where there is an owner.
 * @throws ObjectsError `objects/bad-header`, `objects/bad-signature`
 */
export function decodeHeader(crypto: Pick<CryptoProvider, 'ed25519'>, bytes: Uint8Array): ObjectHeader {
  if (bytes.length > MAX_HEADER_BYTES) throw bad('length')
  const values = readValues(bytes)
  const header: ObjectHeader = {
    type: pick(TYPES, values.type, 'type'),
    created: numberOf(values.created, 'created'),
    ttl: readU32(values.ttl, 0),
    size: readU32(values.size, 0),
    priority: pick(PRIORITIES, values.priority, 'priority'),
    minBandwidthBps: values.minBandwidth === undefined ? 0 : positive(readU32(values.minBandwidth, 0)),
    root: values.root.slice(),
    use: values.use === undefined ? 0 : positive(values.use[0] as number),
    owner: values.owner?.slice(),
    name: values.name?.slice(),
    sequence: values.sequence && numberOf(values.sequence, 'sequence'),
  }
  checkHeader(header)
  checkSignature(crypto, bytes, header.owner, values.signature)
  return header
}

function readValues(bytes: Uint8Array): Values {
  try {
    return readFields(bytes, SCHEMA).values
  } catch (cause) {
    if (cause instanceof TlvError) throw new ObjectsError('objects/bad-header', { cause })
    throw cause
  }
}

function pick<T>(list: readonly T[], value: Uint8Array, field: string): T {
  const picked = list[(value[0] as number) - 1]
  if (picked === undefined) throw bad(field)
  return picked
}

function numberOf(bytes: Uint8Array, field: string): number {
  try {
    return readU64(bytes, 0)
  } catch {
    throw bad(field)
  }
}

/** Nothing is written for zero, so that a header has one encoding. */
function positive(value: number): number {
  if (value === 0) throw bad('zero')
  return value
}

function checkHeader(header: ObjectHeader): void {
  const { type, created, ttl, size, minBandwidthBps, use, owner, name, sequence } = header
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most
  if (!whole(created, 0, Number.MAX_SAFE_INTEGER)) throw bad('created')
  if (!whole(ttl, 1, MAX_TTL_SECONDS)) throw bad('ttl')
  if (!whole(size, 0, MAX_OBJECT_BYTES)) throw bad('size')
  if (!whole(minBandwidthBps, 0, MAX_MIN_BANDWIDTH_BPS)) throw bad('minBandwidth')
  if (!whole(use, 0, 255)) throw bad('use')
  if (header.root.length !== HASH_BYTES) throw bad('root')
  if (owner !== undefined && owner.length !== KEY_BYTES) throw bad('owner')
  const versioned = type === 'mutable'
  if (versioned !== (name !== undefined) || versioned !== (sequence !== undefined)) throw bad('type')
  if (versioned && owner === undefined) throw bad('owner')
  if (name !== undefined && !whole(name.length, 1, MAX_NAME_BYTES)) throw bad('name')
  if (sequence !== undefined && !whole(sequence, 0, Number.MAX_SAFE_INTEGER)) throw bad('sequence')
}

function checkSignature(
  crypto: Pick<CryptoProvider, 'ed25519'>,
  bytes: Uint8Array,
  owner: Uint8Array | undefined,
  signature: Uint8Array | undefined,
): void {
  if (owner === undefined && signature === undefined) return
  if (owner === undefined || signature === undefined) throw bad('signature')
  const { signed } = splitLast(bytes, SIGNATURE)
  if (!crypto.ed25519.verify(owner, concatBytes(LABEL, signed), signature))
    throw new ObjectsError('objects/bad-signature')
}
