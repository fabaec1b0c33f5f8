/**
 * What stands inside a sealed body: one whole content, or one fragment of a longer one (spec/messenger.md).
 *
 * The body is TLV. Record 1 is a content; records 2 and 3 are a fragment's place and its bytes; record 128 at the end
 * tells how far the sender follows the boxes of a session.
 */
import { MAX_MESSAGE_BYTES } from '@hyphae/content'
import { fromHex, toHex } from '@hyphae/core'
import { encodeRecords, readRecords, recordLength, USABLE_BYTES } from '@hyphae/tlv'
import { MessengerError } from './errors.js'
import { MAX_FRAGMENTS } from './limits.js'

const CONTENT = 1
const FRAGMENT_PLACE = 2
const FRAGMENT_BYTES = 3
/** Not critical: of use to the sender's next frames alone. */
const HEARD = 128
/** First bytes of the session id | epoch u16: an account has few sessions, and this tells them apart. */
const HEARD_SESSION_BYTES = 4
const HEARD_BYTES: number = HEARD_SESSION_BYTES + 2
/** id u32 | index u16 | count u16 */
const PLACE_BYTES = 8
const USABLE = USABLE_BYTES[2048]
const ROOM: number = USABLE - (2 + HEARD_BYTES)
const FRAGMENT_DATA: number = ROOM - (2 + PLACE_BYTES) - 5

export interface FragmentPlace {
  readonly id: number
  readonly index: number
  readonly count: number
}

/** How far the sender of a body has followed the boxes of a session (spec/messenger.md section 1.1). */
export interface HeardEpoch {
  /** The session's id in hexadecimal; its beginning, when it was read. */
  readonly session: string
  readonly epoch: number
}

export type Body = { readonly heard: HeardEpoch | undefined } & (
  | { readonly kind: 'content'; readonly content: Uint8Array }
  | { readonly kind: 'fragment'; readonly place: FragmentPlace; readonly data: Uint8Array }
)

/** Bodies that carry `content`, each fitting a 2,048-byte frame. @throws MessengerError `messenger/too-long` */
export function splitContent(content: Uint8Array, id: number, heard?: HeardEpoch): Uint8Array[] {
  if (content.length > MAX_MESSAGE_BYTES) {
    throw new MessengerError('messenger/too-long', {
      details: { bytes: content.length, limit: MAX_MESSAGE_BYTES },
    })
  }
  const told = heard === undefined ? [] : [{ type: HEARD, value: encodeHeard(heard) }]
  if (recordLength(content.length) <= ROOM)
    return [encodeRecords([{ type: CONTENT, value: content }, ...told])]
  const count = Math.ceil(content.length / FRAGMENT_DATA)
  return Array.from({ length: count }, (_, index) =>
    encodeRecords([
      { type: FRAGMENT_PLACE, value: encodePlace({ id, index, count }) },
      { type: FRAGMENT_BYTES, value: content.subarray(index * FRAGMENT_DATA, (index + 1) * FRAGMENT_DATA) },
      ...told,
    ]),
  )
}

/** @throws MessengerError `messenger/bad-body`, TlvError */
export function readBody(bytes: Uint8Array): Body {
  const records = readRecords(bytes)
  const told = records.at(-1)?.type === HEARD ? records.pop() : undefined
  const heard = told && decodeHeard(told.value)
  const [first, second, ...rest] = records
  if (first?.type === CONTENT && second === undefined) return { heard, kind: 'content', content: first.value }
  if (first?.type === FRAGMENT_PLACE && second?.type === FRAGMENT_BYTES && rest.length === 0) {
    return { heard, kind: 'fragment', place: decodePlace(first.value), data: second.value }
  }
  throw new MessengerError('messenger/bad-body', { details: { records: rest.length + 2 } })
}

function encodeHeard({ session, epoch }: HeardEpoch): Uint8Array {
  const bytes = new Uint8Array(HEARD_BYTES)
  bytes.set(fromHex(session.slice(0, 2 * HEARD_SESSION_BYTES)))
  new DataView(bytes.buffer).setUint16(HEARD_SESSION_BYTES, epoch, true)
  return bytes
}

function decodeHeard(bytes: Uint8Array): HeardEpoch {
  if (bytes.length !== HEARD_BYTES)
    throw new MessengerError('messenger/bad-body', { details: { heard: bytes.length } })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    session: toHex(bytes.subarray(0, HEARD_SESSION_BYTES)),
    epoch: view.getUint16(HEARD_SESSION_BYTES, true),
  }
}

function encodePlace(place: FragmentPlace): Uint8Array {
  const bytes = new Uint8Array(PLACE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, place.id, true)
  view.setUint16(4, place.index, true)
  view.setUint16(6, place.count, true)
  return bytes
}

function decodePlace(bytes: Uint8Array): FragmentPlace {
  if (bytes.length !== PLACE_BYTES)
    throw new MessengerError('messenger/bad-body', { details: { place: bytes.length } })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const place = {
    id: view.getUint32(0, true),
    index: view.getUint16(4, true),
    count: view.getUint16(6, true),
  }
  if (place.count < 2 || place.count > MAX_FRAGMENTS || place.index >= place.count) {
    throw new MessengerError('messenger/bad-body', { details: { index: place.index, count: place.count } })
  }
  return place
}
