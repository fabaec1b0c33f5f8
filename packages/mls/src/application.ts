/**
 * Application data inside a message (RFC 9420 sections 6.1 and 6.3.1): what is signed and what is sealed, without
 * promises, because every message passes here. Knows no keys.
 */
import type { GroupContext } from 'ts-mls'
import { encodeGroupContext } from 'ts-mls/groupContext.js'
import { MlsError } from './errors.js'
import { CONTENT_TYPES, MLS10, PRIVATE_MESSAGE } from './private-message.js'
import {
  reader,
  readVector,
  vectorSize,
  writeRaw,
  writer,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
  writeVector,
} from './wire.js'

const contexts = new WeakMap<GroupContext, Uint8Array>()

/** A group context is encoded once an epoch: every signature covers it. */
export function contextBytes(context: GroupContext): Uint8Array {
  const known = contexts.get(context)
  if (known !== undefined) return known
  const bytes = encodeGroupContext(context)
  contexts.set(context, bytes)
  return bytes
}

/** Section 6.1: FramedContentTBS of application data from a member. */
export function applicationTbs(
  context: GroupContext,
  leaf: number,
  authenticatedData: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const { groupId, epoch } = context
  const tail = contextBytes(context)
  const vectors = vectorSize(authenticatedData.length) + vectorSize(data.length)
  const to = writer(4 + vectorSize(groupId.length) + 8 + 5 + 1 + vectors + tail.length)
  writeU16(to, MLS10)
  writeU16(to, PRIVATE_MESSAGE)
  writeVector(to, groupId)
  writeU64(to, epoch)
  writeU8(to, 1)
  writeU32(to, leaf)
  writeVector(to, authenticatedData)
  writeU8(to, CONTENT_TYPES.application)
  writeVector(to, data)
  writeRaw(to, tail)
  return to.bytes
}

/** PrivateMessageContent of application data, without padding: frames have fixed sizes already. */
export function applicationContent(data: Uint8Array, signature: Uint8Array): Uint8Array {
  const to = writer(vectorSize(data.length) + vectorSize(signature.length))
  writeVector(to, data)
  writeVector(to, signature)
  return to.bytes
}

/** @throws MlsError `mls/undecryptable` */
export function readApplicationContent(content: Uint8Array): { data: Uint8Array; signature: Uint8Array } {
  const from = reader(content, 'mls/undecryptable')
  const data = readVector(from)
  const signature = readVector(from)
  for (let at = from.at; at < from.end; at++) if (content[at] !== 0) throw new MlsError(from.code)
  return { data, signature }
}
