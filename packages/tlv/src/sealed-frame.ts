/**
 * The sealed frame: one message of a 1:1 session (spec/frames.md, "Sealed frame").
 *
 *     0 version | 1 zero | 2 tag 14 | 16 header 40, masked | 56 body, zero-padded | AEAD tag 16
 *     tag ‖ mask = ChaCha20(header key, nonce = n)[0..54]
 *     body       = ChaCha20-Poly1305(message key, zero nonce, associated data ‖ bytes 0..56)
 *
 * Which keys belong to which n is the ratchet's business; nothing here knows a session.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import {
  checkLength,
  checkSealedFrame,
  FRAME_VERSION,
  HEADER_OFFSET,
  isSealedSize,
  type SealedSize,
  TAG_BYTES,
  TAG_OFFSET,
  USABLE_BYTES,
} from './frame.js'
import { PQ_EPOCH_MODULUS } from './limits.js'
import { checkRange, readU16, readU24, writeU16, writeU24 } from './numbers.js'
import { isZero, viewOf } from './view.js'

export const SEALED_HEADER_BYTES = 40
export const FRAME_MASK_BYTES: number = TAG_BYTES + SEALED_HEADER_BYTES
const BODY_OFFSET = HEADER_OFFSET + SEALED_HEADER_BYTES
const KEY_BYTES = 32
const N_OFFSET = 32
const PN_OFFSET = 35
const LENGTH_OFFSET = 38
/** The message key is used once, so its nonce carries nothing. */
const ZERO_NONCE = new Uint8Array(12)
const NO_PADDING = new Uint8Array(0)

// Two arenas, because an array of more than 64 bytes costs an allocation outside the engine's heap, and its
// collection later: as much as a block of the cipher. Nothing here waits, so no two frames are ever in them.
/** Always zero between calls. */
const PLAINTEXT = new Uint8Array(USABLE_BYTES[2048])
/** Public bytes. Longer associated data than any session has gets an array of its own. */
const BOUND = new Uint8Array(BODY_OFFSET + 256)

export interface SealedHeader {
  /** Sender's current ratchet public key, 32 bytes. */
  readonly ratchetKey: Uint8Array
  /** Number of this message in its chain, 24 bits. */
  readonly n: number
  /** Length of the previous sending chain, 24 bits. */
  readonly pn: number
  /** Bytes of the body that are content, 12 bits. */
  readonly length: number
  /** PQ epoch modulo 16. */
  readonly pqEpoch: number
}

export interface SealFrameInput {
  /** From frameMask, 54 bytes. */
  readonly mask: Uint8Array
  /** `length` must equal `body.length`. */
  readonly header: SealedHeader
  /** 32 bytes, used for this frame and never again. */
  readonly messageKey: Uint8Array
  readonly associatedData: Uint8Array
  /** At most USABLE_BYTES[size]. */
  readonly body: Uint8Array
  readonly size: SealedSize
  /** Placed after the body where zeros would be; body and padding together fit the frame. */
  readonly padding?: Uint8Array | undefined
}

export interface OpenFrameInput {
  readonly frame: Uint8Array
  readonly messageKey: Uint8Array
  readonly associatedData: Uint8Array
  /** From the frame's header. */
  readonly length: number
}

/** Tag 14 ‖ header mask 40 of message `n` of a chain. @throws TlvError `tlv/bad-length`, `tlv/bad-number` */
export function frameMask(crypto: SessionCrypto, headerKey: Uint8Array, n: number): Uint8Array {
  checkLength(headerKey, KEY_BYTES, 'header key')
  const nonce = new Uint8Array(12)
  writeU24(nonce, 4, n)
  return crypto.chacha20(headerKey, nonce, FRAME_MASK_BYTES)
}

/** @throws TlvError `tlv/bad-frame` (size), `tlv/bad-length`, `tlv/bad-number` */
export function sealFrame(crypto: SessionCrypto, input: SealFrameInput): Uint8Array {
  const { mask, header, messageKey, associatedData, body, size } = input
  if (!isSealedSize(size)) throw new TlvError('tlv/bad-frame', { details: { length: size } })
  checkLength(mask, FRAME_MASK_BYTES, 'mask')
  checkLength(messageKey, KEY_BYTES, 'message key')
  checkLength(body, header.length, 'body')
  const usable = USABLE_BYTES[size]
  const padding = input.padding ?? NO_PADDING
  checkRoom(body.length + padding.length, usable)
  const frame = new Uint8Array(size)
  frame[0] = FRAME_VERSION
  for (let i = 0; i < TAG_BYTES; i++) frame[TAG_OFFSET + i] = mask[i] as number
  writeSealedHeader(frame, header)
  applyMask(frame, mask)
  const plaintext = PLAINTEXT.subarray(0, usable)
  try {
    plaintext.set(body)
    plaintext.set(padding, body.length)
    const bound = boundData(associatedData, frame)
    frame.set(crypto.chacha20Poly1305.seal(messageKey, ZERO_NONCE, plaintext, bound), BODY_OFFSET)
  } finally {
    plaintext.fill(0)
  }
  return frame
}

/**
 * The header under `mask`. It is not authentic until openFrameBody returns: act on it only on a copy.
 * @throws TlvError `tlv/bad-frame` on a bad size or version, or a length field beyond the frame's body
 */
export function openFrameHeader(frame: Uint8Array, mask: Uint8Array): SealedHeader {
  const size = checkSealedFrame(frame)
  checkLength(mask, FRAME_MASK_BYTES, 'mask')
  const clear = frame.slice(0, BODY_OFFSET)
  applyMask(clear, mask)
  const packed = readU16(clear, HEADER_OFFSET + LENGTH_OFFSET)
  const length = packed & 0xfff
  if (length > USABLE_BYTES[size]) {
    throw new TlvError('tlv/bad-frame', { details: { bodyLength: length, max: USABLE_BYTES[size] } })
  }
  return {
    ratchetKey: clear.slice(HEADER_OFFSET, HEADER_OFFSET + KEY_BYTES),
    n: readU24(clear, HEADER_OFFSET + N_OFFSET),
    pn: readU24(clear, HEADER_OFFSET + PN_OFFSET),
    length,
    pqEpoch: packed >>> 12,
  }
}

/**
 * The content; null when the frame is not authentic under this key and data.
 * @throws TlvError `tlv/bad-frame` on a bad shape, `tlv/bad-padding` when an authentic frame pads with other than zero
 */
export function openFrameBody(crypto: SessionCrypto, input: OpenFrameInput): Uint8Array | null {
  const opened = openFramePadded(crypto, input)
  if (opened === null) return null
  if (!isZero(opened.padding, 0, opened.padding.length)) throw new TlvError('tlv/bad-padding')
  return opened.body
}

/** As openFrameBody, with the padding handed out instead of checked: for protocols that use its room. */
export function openFramePadded(
  crypto: SessionCrypto,
  input: OpenFrameInput,
): { readonly body: Uint8Array; readonly padding: Uint8Array } | null {
  const { frame, messageKey, associatedData, length } = input
  const usable = USABLE_BYTES[checkSealedFrame(frame)]
  checkLength(messageKey, KEY_BYTES, 'message key')
  if (!Number.isInteger(length) || length < 0 || length > usable) {
    throw new TlvError('tlv/bad-frame', { details: { bodyLength: length, max: usable } })
  }
  const bound = boundData(associatedData, frame)
  const sealed = viewOf(frame, BODY_OFFSET, frame.length)
  const plaintext = crypto.chacha20Poly1305.open(messageKey, ZERO_NONCE, sealed, bound)
  if (plaintext === null) return null
  return { body: viewOf(plaintext, 0, length), padding: viewOf(plaintext, length, usable) }
}

function checkRoom(length: number, max: number): void {
  if (length > max) throw new TlvError('tlv/bad-length', { details: { name: 'body', length, max } })
}

/** Associated data ‖ bytes 0..56, valid until the next call. */
function boundData(associatedData: Uint8Array, frame: Uint8Array): Uint8Array {
  const length = associatedData.length + BODY_OFFSET
  const bound = length <= BOUND.length ? BOUND.subarray(0, length) : new Uint8Array(length)
  bound.set(associatedData)
  bound.set(frame.subarray(0, BODY_OFFSET), associatedData.length)
  return bound
}

function writeSealedHeader(frame: Uint8Array, header: SealedHeader): void {
  checkLength(header.ratchetKey, KEY_BYTES, 'ratchet key')
  checkRange(header.pqEpoch, PQ_EPOCH_MODULUS - 1)
  frame.set(header.ratchetKey, HEADER_OFFSET)
  writeU24(frame, HEADER_OFFSET + N_OFFSET, header.n)
  writeU24(frame, HEADER_OFFSET + PN_OFFSET, header.pn)
  writeU16(frame, HEADER_OFFSET + LENGTH_OFFSET, header.length | (header.pqEpoch << 12))
}

function applyMask(frame: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < SEALED_HEADER_BYTES; i++) {
    frame[HEADER_OFFSET + i] = (frame[HEADER_OFFSET + i] as number) ^ (mask[TAG_BYTES + i] as number)
  }
}
