/**
 * A message and its envelope. spec/content.md section 2.
 *
 *   envelope = MessagePack [type, head, body]
 *   head     = sentAt u48 little-endian ‖ id 16 ‖ parent 16 …
 *
 * One message has one encoding. Knows nothing of encryption, conversations or who sent it.
 */
import { concatBytes, idBytes, MESSAGE_ID_BYTES, type MessageId } from '@hyphae/core'
import { ContentError } from './errors.js'
import { areDistinct, isMessageIdText, splitIds } from './id.js'
import { MAX_MESSAGE_BYTES, MAX_PARENTS, MAX_SENT_AT } from './limits.js'
import type { Registry } from './registry.js'
import { scanBudget, skipValue } from './scan.js'
import { type ContentType, isTypeName, isTypeNumber } from './type.js'
import { decodeScanned, decodeValue, encodeValue } from './value.js'

export interface Envelope<T extends string = string> {
  readonly type: T
  readonly id: MessageId
  /** The latest messages its writer had seen, at most 16: they order the conversation, not `sentAt`. */
  readonly parents: readonly MessageId[]
  /** Milliseconds since 1970 by the sender's clock: for showing, never for ordering. */
  readonly sentAt: number
}

export interface Message<T extends string = string, B = unknown> extends Envelope<T> {
  readonly body: B
}

/** A message of a type that is not registered here: kept whole, so that it can be stored, passed on and shown later. */
export interface UnknownMessage extends Envelope {
  readonly unknown: true
  /** The body in MessagePack, canonical. */
  readonly raw: Uint8Array
}

export type DecodedMessage = Message | UnknownMessage

const ARRAY_OF_3 = 0x93
const SENT_AT_BYTES = 6
const MIN_HEAD_BYTES: number = SENT_AT_BYTES + MESSAGE_ID_BYTES
const NUMBER_NAME = /^#([1-9][0-9]{0,2})$/

/**
 * The canonical bytes of a message, at most 64 KB.
 * @throws ContentError `content/unregistered-type`, `content/bad-envelope`, `content/too-large`, what the schema
 *   refuses, and what `encodeValue` throws
 */
export function encodeMessage(registry: Registry, message: Message | UnknownMessage): Uint8Array {
  const head = encodeHead(message)
  const known = registry.byName.get(message.type)
  const type = known ? (known.number ?? known.type) : unknownTypeOnWire(message)
  const encoded = concatBytes(
    Uint8Array.of(ARRAY_OF_3),
    encodeValue(type),
    encodeValue(head),
    encodeBody(known, message),
  )
  if (encoded.length > MAX_MESSAGE_BYTES)
    throw new ContentError('content/too-large', {
      details: { size: encoded.length, limit: MAX_MESSAGE_BYTES },
    })
  return encoded
}

function encodeBody(known: ContentType | undefined, message: Message | UnknownMessage): Uint8Array {
  if (!('raw' in message)) {
    if (!known) throw new ContentError('content/unregistered-type')
    return encodeValue(known.pack(known.validate(message.body)))
  }
  const body = decodeValue(message.raw)
  // A type may have been registered since: what is written must then be readable by it.
  if (known) known.validate(known.unpack(body))
  return message.raw
}

function unknownTypeOnWire(message: Message | UnknownMessage): string | number {
  if (!('raw' in message)) throw new ContentError('content/unregistered-type')
  const number = NUMBER_NAME.exec(message.type)?.[1]
  if (number !== undefined && isTypeNumber(Number(number))) return Number(number)
  if (!isTypeName(message.type)) throw new ContentError('content/bad-envelope')
  return message.type
}

function encodeHead({ id, parents, sentAt }: Envelope): Uint8Array {
  if (!Number.isInteger(sentAt) || sentAt < 0 || sentAt > MAX_SENT_AT)
    throw new ContentError('content/bad-envelope')
  if (parents.length > MAX_PARENTS)
    throw new ContentError('content/bad-envelope', {
      details: { parents: parents.length, limit: MAX_PARENTS },
    })
  const ids = [id, ...parents]
  if (!ids.every(isMessageIdText) || !areDistinct(ids)) throw new ContentError('content/bad-envelope')
  const time = new Uint8Array(SENT_AT_BYTES)
  for (let i = 0, rest = sentAt; i < SENT_AT_BYTES; i++, rest = Math.floor(rest / 256)) time[i] = rest % 256
  return concatBytes(time, ...ids.map(idBytes))
}

function decodeHead(head: unknown): Omit<Envelope, 'type'> {
  const size = head instanceof Uint8Array ? head.length - MIN_HEAD_BYTES : -1
  if (!(head instanceof Uint8Array) || size < 0 || size % MESSAGE_ID_BYTES !== 0)
    throw new ContentError('content/bad-envelope')
  if (size > MAX_PARENTS * MESSAGE_ID_BYTES)
    throw new ContentError('content/bad-envelope', { details: { limit: MAX_PARENTS } })
  let sentAt = 0
  for (let i = SENT_AT_BYTES - 1; i >= 0; i--) sentAt = sentAt * 256 + (head[i] as number)
  const [id, ...parents] = splitIds(head.subarray(SENT_AT_BYTES))
  if (id === undefined || !areDistinct([id, ...parents])) throw new ContentError('content/bad-envelope')
  return { id, parents, sentAt }
}

/**
 * Reads one message from bytes of any origin. A type that is not registered is no error: see `UnknownMessage`.
 * @throws ContentError `content/too-large`, `content/malformed`, `content/not-canonical`, `content/too-deep`,
 *   `content/too-many-values`, `content/forbidden-key`, `content/bad-envelope`, `content/invalid-body`
 */
export function decodeMessage(registry: Registry, input: Uint8Array): DecodedMessage {
  const parts = splitEnvelope(input)
  const type = decodeScanned(parts.type)
  const envelope = decodeHead(decodeScanned(parts.head))
  // Decoded for unknown types as well: what is kept and passed on is canonical.
  const body = decodeScanned(parts.body)
  const known = lookUp(registry, type)
  if (!known) return { type: nameOf(type), ...envelope, unknown: true, raw: parts.body.slice() }
  return { type: known.type, ...envelope, body: known.validate(known.unpack(body)) }
}

function splitEnvelope(input: Uint8Array): { type: Uint8Array; head: Uint8Array; body: Uint8Array } {
  if (input.length > MAX_MESSAGE_BYTES)
    throw new ContentError('content/too-large', { details: { size: input.length, limit: MAX_MESSAGE_BYTES } })
  if (input[0] !== ARRAY_OF_3) throw new ContentError('content/malformed')
  // A budget for each part, as when writing: what can be written can be read.
  const typeEnd = skipValue(input, 1, scanBudget())
  const headEnd = skipValue(input, typeEnd, scanBudget())
  const bodyEnd = skipValue(input, headEnd, scanBudget())
  if (bodyEnd !== input.length)
    throw new ContentError('content/malformed', { details: { trailing: input.length - bodyEnd } })
  return {
    type: input.subarray(1, typeEnd),
    head: input.subarray(typeEnd, headEnd),
    body: input.subarray(headEnd, bodyEnd),
  }
}

function lookUp(registry: Registry, type: unknown): ContentType | undefined {
  if (typeof type === 'number') return registry.byNumber.get(type)
  const known = typeof type === 'string' ? registry.byName.get(type) : undefined
  if (known?.number !== undefined) throw new ContentError('content/not-canonical')
  return known
}

function nameOf(type: unknown): string {
  if (typeof type === 'number' && isTypeNumber(type)) return `#${type}`
  if (typeof type === 'string' && isTypeName(type)) return type
  throw new ContentError('content/bad-envelope')
}

/** Narrows a message to a type: `if (isMessageOf(textContent, message)) message.body.text`. */
export function isMessageOf<T extends string, B>(
  type: ContentType<T, B>,
  message: DecodedMessage,
): message is Message<T, B> {
  return message.type === type.type && 'body' in message
}
