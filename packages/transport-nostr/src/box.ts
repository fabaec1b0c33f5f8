/**
 * A mailbox as Nostr sees it. Relays learn neither its id nor what a frame is: both sides derive a public key to ask for
 * and a key to read with, and a frame travels in what looks like a gift wrap to somebody. Boxes rotate with the contact,
 * and these keys with them.
 *
 *     tag  = public key of the secret HMAC-SHA256("hyphae nostr box", box id), as the value of the wrap's `p` tag
 *     key  = HMAC-SHA256("hyphae nostr frame", box id), used as NIP-44 conversation key
 *     text = frame id 16 | sent at, ms u48 | number within the ms u16 | frame, little-endian
 */
import { type BoxId, isFrameSize, MESSAGE_ID_BYTES, utf8 } from '@hyphae/core'
import { backdated } from './backdate.js'
import { NostrError } from './errors.js'
import { type NostrEvent, signEvent } from './event.js'
import { generateNostrKey, importNostrKey } from './key.js'
import { KIND_GIFT_WRAP } from './kinds.js'
import { FRAME_LIFETIME_SECONDS, MAX_BACKDATING_SECONDS } from './limits.js'
import { decryptBytes44, encryptBytes44 } from './nip44.js'
import type { Nostr } from './nostr.js'

const TAG_LABEL = utf8('hyphae nostr box')
const KEY_LABEL = utf8('hyphae nostr frame')
const ORDER_AT = MESSAGE_ID_BYTES
const FRAME_AT = ORDER_AT + 8

export interface Box {
  /** 64 hexadecimal digits. */
  readonly tag: string
  readonly key: Uint8Array
}

/** A frame with what orders and names it. */
export interface Letter {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** Milliseconds since 1970, and a number within that millisecond. */
  readonly sentAt: number
  readonly number: number
  readonly frame: Uint8Array
}

/** The tag is a point of the curve like any person's key: half of all 32-byte strings are none, and would stand out. */
export function boxOf(nostr: Nostr, id: BoxId): Box {
  const { publicKey } = importNostrKey(nostr, nostr.crypto.hmacSha256(TAG_LABEL, id))
  return { tag: publicKey, key: nostr.crypto.hmacSha256(KEY_LABEL, id) }
}

function encodeLetter({ id, sentAt, number, frame }: Letter): Uint8Array {
  const bytes = new Uint8Array(FRAME_AT + frame.length)
  const view = new DataView(bytes.buffer)
  bytes.set(id)
  view.setUint32(ORDER_AT, sentAt % 2 ** 32, true)
  view.setUint16(ORDER_AT + 4, Math.floor(sentAt / 2 ** 32), true)
  view.setUint16(ORDER_AT + 6, number, true)
  bytes.set(frame, FRAME_AT)
  return bytes
}

/** The event for one frame, by a key used once. Dated up to two days back, as gift wraps are. */
export function wrapLetter(nostr: Nostr, box: Box, letter: Letter): NostrEvent {
  const created_at = backdated(nostr, Math.floor(letter.sentAt / 1000))
  return signEvent(nostr, generateNostrKey(nostr), {
    kind: KIND_GIFT_WRAP,
    created_at,
    tags: [
      ['p', box.tag],
      ['expiration', String(created_at + MAX_BACKDATING_SECONDS + FRAME_LIFETIME_SECONDS)],
    ],
    content: encryptBytes44(nostr, box.key, encodeLetter(letter)),
  })
}

/** @throws NostrError `nostr/bad-payload`, `nostr/bad-frame`: somebody who knows the box put nonsense into it */
export function openLetter(nostr: Nostr, box: Box, event: NostrEvent): Letter {
  const bytes = decryptBytes44(nostr, box.key, event.content)
  if (bytes.length < FRAME_AT || !isFrameSize(bytes.length - FRAME_AT))
    throw new NostrError('nostr/bad-frame', { details: { bytes: bytes.length } })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    id: bytes.slice(0, MESSAGE_ID_BYTES),
    sentAt: view.getUint32(ORDER_AT, true) + view.getUint16(ORDER_AT + 4, true) * 2 ** 32,
    number: view.getUint16(ORDER_AT + 6, true),
    frame: bytes.slice(FRAME_AT),
  }
}

/** Sending order. */
export function compareLetters(a: Letter, b: Letter): number {
  return a.sentAt - b.sentAt || a.number - b.number
}
