/** Message ids between their two forms: 16 bytes on the wire, 32 hexadecimal digits in the API. */
import { MESSAGE_ID_BYTES, type MessageId, messageId } from '@hyphae/core'

/** Lower case only: one id has one text. */
export function isMessageIdText(value: unknown): value is MessageId {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

/** The text of a 16-byte id; null for anything else, also for the text itself: on the wire an id has one form. */
export function messageIdOrNull(value: unknown): MessageId | null {
  return value instanceof Uint8Array && value.length === MESSAGE_ID_BYTES ? messageId(value) : null
}

/** Splits concatenated ids; `bytes.length` must be a multiple of 16. */
export function splitIds(bytes: Uint8Array): MessageId[] {
  const ids: MessageId[] = []
  for (let i = 0; i < bytes.length; i += MESSAGE_ID_BYTES)
    ids.push(messageId(bytes.subarray(i, i + MESSAGE_ID_BYTES)))
  return ids
}

export function areDistinct(ids: readonly string[]): boolean {
  return new Set(ids).size === ids.length
}
