/**
 * The handshake frame: the first contact, for whoever holds the intro key (spec/frames.md, "Handshake frame").
 *
 *     0 version | 1 zero | 2 random 14 | 16 enc 32 | 48 header 8 ‖ payload, zero-padded | AEAD tag 16
 *     enc ‖ bytes 48.. = HPKE base mode to the intro key; info = label, aad = bytes 0..16 ‖ top bit of enc
 *
 * The top bit of `enc` is random, because X25519 never sets it; the recipient clears it, and the aad binds it.
 * Who sent the handshake and what it says is the business of the payload.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { type CryptoProvider, hpkeOpen, hpkeSeal, type X25519PrivateKey } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import { blankFrame, checkBody, checkFrame, HEADER_OFFSET, TAG_BYTES, USABLE_BYTES } from './frame.js'
import { readU16, readU32, writeU8, writeU16, writeU32 } from './numbers.js'
import { isZero, viewOf } from './view.js'

export const HANDSHAKE_FRAME_BYTES = 2048
const INFO = /* @__PURE__ */ utf8('hyphae handshake frame v1')
const ENC_BYTES = 32
const CIPHERTEXT_OFFSET = HEADER_OFFSET + ENC_BYTES
const HEADER_BYTES = 8
const USABLE = USABLE_BYTES[HANDSHAKE_FRAME_BYTES]
const TOP_BIT = 0x80

export interface HandshakeFragmentHeader {
  /** Which fragment, from 0. */
  readonly index: number
  /** 1 to MAX_HANDSHAKE_FRAGMENTS. */
  readonly count: number
  /** Ties the fragments of one handshake together, 32 bits. */
  readonly id: number
}

export interface SealHandshakeInput {
  /** Recipient's X25519 intro key, 32 bytes. */
  readonly introKey: Uint8Array
  /** At most 1976 bytes. */
  readonly payload: Uint8Array
  /** Left out: the only fragment, under a random id. */
  readonly fragment?: HandshakeFragmentHeader
}

export interface OpenHandshakeInput {
  readonly introKey: X25519PrivateKey
  readonly frame: Uint8Array
}

/** A 2048-byte frame. @throws TlvError `tlv/bad-length`, `tlv/bad-number`; CryptoError on a bad intro key */
export function sealHandshakeFrame(crypto: CryptoProvider, input: SealHandshakeInput): Uint8Array {
  const { introKey, payload } = input
  checkBody(payload, USABLE)
  const fragment = input.fragment ?? { index: 0, count: 1, id: readU32(crypto.randomBytes(4), 0) }
  if (!isFragment(fragment)) throw new TlvError('tlv/bad-number', { details: { count: fragment.count } })
  const plaintext = new Uint8Array(HEADER_BYTES + USABLE)
  writeU16(plaintext, 0, payload.length)
  writeU8(plaintext, 2, fragment.index)
  writeU8(plaintext, 3, fragment.count)
  writeU32(plaintext, 4, fragment.id)
  plaintext.set(payload, HEADER_BYTES)
  const frame = blankFrame(HANDSHAKE_FRAME_BYTES, crypto.randomBytes(TAG_BYTES))
  const topBit = (crypto.randomBytes(1)[0] as number) & TOP_BIT
  const aad = concatBytes(viewOf(frame, 0, HEADER_OFFSET), Uint8Array.of(topBit))
  const sealed = hpkeSeal(crypto, { recipient: introKey, info: INFO, aad, plaintext })
  frame.set(sealed.enc, HEADER_OFFSET)
  frame[CIPHERTEXT_OFFSET - 1] = (frame[CIPHERTEXT_OFFSET - 1] as number) | topBit
  frame.set(sealed.ciphertext, CIPHERTEXT_OFFSET)
  return frame
}

/**
 * The payload of a handshake that fits one frame; null when it is not for this key.
 * @throws TlvError `tlv/bad-frame` on a bad shape or when it is a fragment; `tlv/bad-padding`
 */
export function openHandshakeFrame(crypto: CryptoProvider, input: OpenHandshakeInput): Uint8Array | null {
  const opened = openHandshakeFragment(crypto, input)
  if (opened === null) return null
  if (opened.header.count !== 1)
    throw new TlvError('tlv/bad-frame', { details: { count: opened.header.count } })
  return opened.payload
}

/** As openHandshakeFrame, for handshakes of several frames. */
export function openHandshakeFragment(
  crypto: CryptoProvider,
  input: OpenHandshakeInput,
): { readonly header: HandshakeFragmentHeader; readonly payload: Uint8Array } | null {
  const { introKey, frame } = input
  if (checkFrame(frame) !== HANDSHAKE_FRAME_BYTES) {
    throw new TlvError('tlv/bad-frame', { details: { length: frame.length } })
  }
  const enc = frame.slice(HEADER_OFFSET, CIPHERTEXT_OFFSET)
  const last = enc[ENC_BYTES - 1] as number
  enc[ENC_BYTES - 1] = last & ~TOP_BIT
  const aad = concatBytes(viewOf(frame, 0, HEADER_OFFSET), Uint8Array.of(last & TOP_BIT))
  const ciphertext = viewOf(frame, CIPHERTEXT_OFFSET, frame.length)
  const plaintext = hpkeOpen(crypto, { recipient: introKey, enc, info: INFO, aad, ciphertext })
  return plaintext === null ? null : readHandshake(plaintext)
}

function readHandshake(plaintext: Uint8Array): { header: HandshakeFragmentHeader; payload: Uint8Array } {
  const length = readU16(plaintext, 0)
  const header = { index: plaintext[2] as number, count: plaintext[3] as number, id: readU32(plaintext, 4) }
  if (length > USABLE || !isFragment(header)) {
    throw new TlvError('tlv/bad-frame', { details: { bodyLength: length, max: USABLE } })
  }
  const end = HEADER_BYTES + length
  if (!isZero(plaintext, end, plaintext.length)) throw new TlvError('tlv/bad-padding')
  return { header, payload: viewOf(plaintext, HEADER_BYTES, end) }
}

function isFragment(header: { readonly index: number; readonly count: number }): boolean {
  return header.count >= 1 && header.index < header.count
}
