/**
 * What all frames share: sizes, the version byte, the 14-byte tag, cover (spec/frames.md, "Frames").
 *
 * A frame shows its version and nothing else; which kind it is, only its recipient can tell. So there is no
 * `parseFrame`: the recipient looks the tag up and opens the frame as what the tag was expected to be.
 */
import { type FrameSize, isFrameSize } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { TlvError } from './errors.js'
import { viewOf } from './view.js'

export const FRAME_VERSION = 1

export const TAG_OFFSET = 2
export const TAG_BYTES = 14
/** Where the encrypted header starts, in every frame. */
export const HEADER_OFFSET = 16
/** Poly1305 tag at the end of every frame. */
export const AEAD_TAG_BYTES = 16

/** What a frame of each size carries. */
export const USABLE_BYTES: Readonly<{ 128: 56; 512: 440; 2048: 1976; 4096: 3988 }> = Object.freeze({
  128: 56,
  512: 440,
  2048: 1976,
  4096: 3988,
})

/** Sizes of sealed and group frames. */
export const SEALED_SIZES: readonly [128, 512, 2048] = [128, 512, 2048]
export type SealedSize = (typeof SEALED_SIZES)[number]

/** The smallest sealed frame that carries `bodyLength` bytes; undefined when none does (fragment it). */
export function smallestFrame(bodyLength: number): SealedSize | undefined {
  return SEALED_SIZES.find((size) => bodyLength <= USABLE_BYTES[size])
}

export function isSealedSize(length: number): length is SealedSize {
  return length === 128 || length === 512 || length === 2048
}

/** @throws TlvError `tlv/bad-frame` unless the length is a frame size and the first two bytes are version and 0 */
export function checkFrame(frame: Uint8Array): FrameSize {
  const length = frame.length
  if (!isFrameSize(length)) throw new TlvError('tlv/bad-frame', { details: { length } })
  if (frame[0] !== FRAME_VERSION || frame[1] !== 0) {
    throw new TlvError('tlv/bad-frame', {
      details: { version: frame[0] as number, flags: frame[1] as number },
    })
  }
  return length
}

/** checkFrame for frames that must be 128, 512 or 2048 bytes. */
export function checkSealedFrame(frame: Uint8Array): SealedSize {
  const length = checkFrame(frame)
  if (!isSealedSize(length)) throw new TlvError('tlv/bad-frame', { details: { length } })
  return length
}

/** The 14-byte tag: a view into the frame. @throws TlvError `tlv/bad-frame` */
export function frameTag(frame: Uint8Array): Uint8Array {
  checkFrame(frame)
  return viewOf(frame, TAG_OFFSET, HEADER_OFFSET)
}

/** A frame of zeros with version and tag in place. @throws TlvError `tlv/bad-frame`, `tlv/bad-length` */
export function blankFrame(size: number, tag: Uint8Array): Uint8Array {
  if (!isFrameSize(size)) throw new TlvError('tlv/bad-frame', { details: { length: size } })
  checkLength(tag, TAG_BYTES, 'tag')
  const frame = new Uint8Array(size)
  frame[0] = FRAME_VERSION
  frame.set(tag, TAG_OFFSET)
  return frame
}

/** A frame that carries nothing: random bytes after the version. @throws TlvError `tlv/bad-frame` */
export function coverFrame(crypto: SessionCrypto, size: FrameSize): Uint8Array {
  if (!isFrameSize(size)) throw new TlvError('tlv/bad-frame', { details: { length: size } })
  const frame = crypto.randomBytes(size)
  frame[0] = FRAME_VERSION
  frame[1] = 0
  return frame
}

/** @throws TlvError `tlv/bad-length` */
export function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length) {
    throw new TlvError('tlv/bad-length', { details: { name, length: bytes.length, expected: length } })
  }
}

/** @throws TlvError `tlv/bad-length` */
export function checkBody(body: Uint8Array, usable: number): void {
  if (body.length > usable) {
    throw new TlvError('tlv/bad-length', { details: { name: 'body', length: body.length, max: usable } })
  }
}
