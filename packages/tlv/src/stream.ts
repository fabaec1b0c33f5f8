/**
 * Frames on a byte stream: TCP, a Unix socket, a serial line (spec/frames.md, "Streams").
 *
 * A frame does not show its size, so on a stream one byte goes before it: the size's logarithm, 7, 9, 11 or 12.
 * However the stream cuts or joins the bytes, the same frames come out.
 */
import { type FrameSize, isFrameSize } from '@hyphae/core'
import { TlvError } from './errors.js'

const SIZE_OF_CODE: Readonly<Record<number, FrameSize>> = { 7: 128, 9: 512, 11: 2048, 12: 4096 }

export interface FrameSplitter {
  /**
   * Takes the next bytes of the stream and returns the frames they complete, as copies. Holds at most one
   * partial frame. Frames before a fault are returned first, so that the cut of the stream makes no difference.
   * @throws TlvError `tlv/bad-stream` when no frame comes before the fault, and on every later call
   */
  push(bytes: Uint8Array): Uint8Array[]
  /** Bytes that are not yet a frame, or never will be; 0 when the stream may end here. */
  readonly pending: number
}

/** `frame` with its size byte in front. @throws TlvError `tlv/bad-frame` */
export function prefixFrame(frame: Uint8Array): Uint8Array {
  const length = frame.length
  if (!isFrameSize(length)) throw new TlvError('tlv/bad-frame', { details: { length } })
  const out = new Uint8Array(1 + length)
  out[0] = Math.log2(length)
  out.set(frame, 1)
  return out
}

export function frameSplitter(): FrameSplitter {
  let partial: Uint8Array | null = null
  let filled = 0
  let broken: TlvError | null = null

  function begin(code: number): Uint8Array | null {
    const size = Object.hasOwn(SIZE_OF_CODE, code) ? SIZE_OF_CODE[code] : undefined
    filled = 0
    if (size !== undefined) return new Uint8Array(size)
    broken = new TlvError('tlv/bad-stream', { details: { code } })
    return null
  }

  return {
    get pending(): number {
      return partial === null && broken === null ? 0 : filled + 1
    },
    push(bytes: Uint8Array): Uint8Array[] {
      if (broken !== null) throw broken
      const frames: Uint8Array[] = []
      let offset = 0
      while (offset < bytes.length) {
        partial ??= begin(bytes[offset++] as number)
        if (partial === null) break
        const take = Math.min(partial.length - filled, bytes.length - offset)
        partial.set(bytes.subarray(offset, offset + take), filled)
        filled += take
        offset += take
        if (filled === partial.length) {
          frames.push(partial)
          partial = null
        }
      }
      if (broken !== null && frames.length === 0) throw broken
      return frames
    },
  }
}
