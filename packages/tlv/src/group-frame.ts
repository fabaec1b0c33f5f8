/**
 * The group frame: an MLS message, or a fragment of one, under a key of the epoch (spec/frames.md, "Group frame").
 *
 *     0 version | 1 zero | 2 tag 14 | 16 nonce 24 | 40 header 16 ‖ body, zero-padded | AEAD tag 16
 *     tag          = HMAC-SHA256(tag key, label ‖ context)[0..14]
 *     bytes 40..   = XChaCha20-Poly1305(key, nonce, header ‖ body, bytes 0..40)
 *
 * Header and body are one ciphertext, so the header needs no mask key of its own. How tag key and key come out
 * of the epoch's exporter is the caller's business.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import {
  blankFrame,
  checkBody,
  checkLength,
  checkSealedFrame,
  HEADER_OFFSET,
  isSealedSize,
  type SealedSize,
  TAG_BYTES,
  USABLE_BYTES,
} from './frame.js'
import { MAX_GROUP_FRAGMENTS } from './limits.js'
import { readU16, readU32, writeU16, writeU32 } from './numbers.js'
import { isZero, viewOf } from './view.js'

const TAG_LABEL = /* @__PURE__ */ utf8('hyphae group tag v1\0')
const NONCE_BYTES = 24
const CIPHERTEXT_OFFSET = HEADER_OFFSET + NONCE_BYTES
const HEADER_BYTES = 16
const KEY_BYTES = 32

export interface GroupFrameHeader {
  /** Bytes of the body that are content. */
  readonly length: number
  /** Which fragment of the message, from 0. */
  readonly index: number
  /** Fragments of the message, 1 to MAX_GROUP_FRAGMENTS. */
  readonly count: number
  /** Ties the fragments of one message together, 32 bits. */
  readonly id: number
}

export interface SealGroupFrameInput {
  /** From groupFrameTag, 14 bytes. */
  readonly tag: Uint8Array
  /** 32 bytes, of one epoch. */
  readonly key: Uint8Array
  readonly header: Omit<GroupFrameHeader, 'length'>
  readonly body: Uint8Array
  readonly size: SealedSize
}

/** The tag by which members of an epoch find its frames; 14 bytes. */
export function groupFrameTag(crypto: CryptoProvider, tagKey: Uint8Array, context: Uint8Array): Uint8Array {
  checkLength(tagKey, KEY_BYTES, 'tag key')
  return crypto.hmacSha256(tagKey, concatBytes(TAG_LABEL, context)).slice(0, TAG_BYTES)
}

/** @throws TlvError `tlv/bad-frame` (size), `tlv/bad-length`, `tlv/bad-number` */
export function sealGroupFrame(crypto: CryptoProvider, input: SealGroupFrameInput): Uint8Array {
  const { tag, key, header, body, size } = input
  if (!isSealedSize(size)) throw new TlvError('tlv/bad-frame', { details: { length: size } })
  checkLength(key, KEY_BYTES, 'key')
  checkBody(body, USABLE_BYTES[size])
  if (!isFragment(header)) throw new TlvError('tlv/bad-number', { details: { max: MAX_GROUP_FRAGMENTS } })
  const plaintext = new Uint8Array(HEADER_BYTES + USABLE_BYTES[size])
  writeU16(plaintext, 0, body.length)
  writeU16(plaintext, 2, header.index)
  writeU16(plaintext, 4, header.count)
  writeU32(plaintext, 6, header.id)
  plaintext.set(body, HEADER_BYTES)
  const frame = blankFrame(size, tag)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  frame.set(nonce, HEADER_OFFSET)
  const bound = viewOf(frame, 0, CIPHERTEXT_OFFSET)
  frame.set(crypto.xchacha20Poly1305.seal(key, nonce, plaintext, bound), CIPHERTEXT_OFFSET)
  return frame
}

/**
 * Null when the frame is not authentic under `key`.
 * @throws TlvError `tlv/bad-frame` on a bad shape, or when an authentic frame holds an impossible header;
 * `tlv/bad-padding` when it pads with other than zero
 */
export function openGroupFrame(
  crypto: CryptoProvider,
  input: { readonly key: Uint8Array; readonly frame: Uint8Array },
): { readonly header: GroupFrameHeader; readonly body: Uint8Array } | null {
  const { key, frame } = input
  const usable = USABLE_BYTES[checkSealedFrame(frame)]
  checkLength(key, KEY_BYTES, 'key')
  const nonce = viewOf(frame, HEADER_OFFSET, CIPHERTEXT_OFFSET)
  const sealed = viewOf(frame, CIPHERTEXT_OFFSET, frame.length)
  const plaintext = crypto.xchacha20Poly1305.open(key, nonce, sealed, viewOf(frame, 0, CIPHERTEXT_OFFSET))
  if (plaintext === null) return null
  const header: GroupFrameHeader = {
    length: readU16(plaintext, 0),
    index: readU16(plaintext, 2),
    count: readU16(plaintext, 4),
    id: readU32(plaintext, 6),
  }
  if (header.length > usable || !isFragment(header) || !isZero(plaintext, 10, HEADER_BYTES)) {
    throw new TlvError('tlv/bad-frame', { details: { bodyLength: header.length, max: usable } })
  }
  const end = HEADER_BYTES + header.length
  if (!isZero(plaintext, end, plaintext.length)) throw new TlvError('tlv/bad-padding')
  return { header, body: viewOf(plaintext, HEADER_BYTES, end) }
}

function isFragment(header: { readonly index: number; readonly count: number }): boolean {
  return header.count >= 1 && header.count <= MAX_GROUP_FRAGMENTS && header.index < header.count
}
