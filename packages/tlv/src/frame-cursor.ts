/**
 * A reused position over a block of frames of one size: a log segment, a batch from a carrier (spec/frames.md,
 * "Blocks of frames").
 *
 * Each step checks the version; the tag is read as 32-bit words, so that a receiver can look it up in a table
 * of numbers without an object a frame. Opening a frame is the business of the frame's own file.
 */
import type { FrameSize } from '@hyphae/core'
import { isFrameSize } from '@hyphae/core'
import { TlvError } from './errors.js'
import { FRAME_VERSION, HEADER_OFFSET, TAG_OFFSET } from './frame.js'
import { viewOf } from './view.js'

export interface FrameCursor {
  /** Number of frames in the block. */
  readonly count: number
  /** Byte offset of the current frame. */
  readonly offset: number
  /**
   * Moves to the next frame, at first to the first; false after the last.
   * @throws TlvError `tlv/bad-frame` on another version; the cursor stays where it stood
   */
  next(): boolean
  /** Starts again before the first frame. */
  reset(): void
  /** Bytes 2 and 3 of the frame, the tag's first 16 bits. */
  tagHead(): number
  /** Tag bytes 2..6, 6..10 and 10..14 for i = 0, 1, 2, each a little-endian u32. */
  tagWord(i: 0 | 1 | 2): number
  /** The tag, 14 bytes: a view; allocates one object. */
  tag(): Uint8Array
  /** The whole frame: a view; allocates one object. */
  frame(): Uint8Array
}

/** A class, because the engine inlines its methods where it would not inline closures over changing variables. */
class Cursor implements FrameCursor {
  readonly count: number
  private readonly block: Uint8Array
  private readonly words: Uint32Array
  private readonly step: number
  private readonly last: number
  private base: number

  constructor(block: Uint8Array, size: FrameSize) {
    this.count = block.length / size
    this.block = block
    this.words = new Uint32Array(block.buffer, block.byteOffset, block.length >>> 2)
    this.step = size >>> 2
    this.last = this.words.length - this.step
    this.base = -this.step
  }

  get offset(): number {
    return this.base * 4
  }

  next(): boolean {
    if (this.base >= this.last) return false
    const base = this.base + this.step
    if (((this.words[base] as number) & 0xffff) !== FRAME_VERSION) this.refuse(base)
    this.base = base
    return true
  }

  reset(): void {
    this.base = -this.step
  }

  tagHead(): number {
    return (this.words[this.base] as number) >>> 16
  }

  tagWord(i: 0 | 1 | 2): number {
    return this.words[this.base + 1 + i] as number
  }

  tag(): Uint8Array {
    return viewOf(this.block, this.base * 4 + TAG_OFFSET, this.base * 4 + HEADER_OFFSET)
  }

  frame(): Uint8Array {
    return viewOf(this.block, this.base * 4, (this.base + this.step) * 4)
  }

  private refuse(base: number): never {
    const version = this.block[base * 4] as number
    throw new TlvError('tlv/bad-frame', { details: { offset: base * 4, version } })
  }
}

/**
 * `block` must be a whole number of frames and start at a multiple of 4 in its ArrayBuffer.
 * @throws TlvError `tlv/bad-frame` on another length, `tlv/bad-layout` on an unaligned block
 */
export function frameCursor(block: Uint8Array, size: FrameSize): FrameCursor {
  if (!isFrameSize(size) || block.length % size !== 0) {
    throw new TlvError('tlv/bad-frame', { details: { length: block.length, size } })
  }
  if (block.byteOffset % 4 !== 0)
    throw new TlvError('tlv/bad-layout', { details: { why: 'unaligned buffer' } })
  return new Cursor(block, size)
}
