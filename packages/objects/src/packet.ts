/**
 * Messages in frames of the fixed sizes (spec/objects.md, "Frames").
 *
 *     0 version 1 | 1 kind | 2 message u8 | 3 index u8 | 4 count u8 | 5 … piece, zero-padded
 *
 * A frame of another protocol has 0 in the place of the kind and is nobody's here. On broad links a message takes one
 * frame of 2,048 or 4,096 bytes; on thin ones the frames that cost the fewest bytes.
 */
import { concatBytes, type FrameSize, isFrameSize } from '@hyphae/core'
import { ObjectsError } from './errors.js'
import { MAX_MESSAGE_BYTES, MAX_OPEN_MESSAGES } from './limits.js'
import { decodeMessage, encodeMessage, type Message } from './message.js'

export const PACKET_VERSION = 1
const HEADER_BYTES = 5
const MAX_PIECES: number = Math.ceil(MAX_MESSAGE_BYTES / (128 - HEADER_BYTES))

export interface Cutting {
  /** Largest frame the link takes. */
  readonly mtu: number
  /** Fewest bytes rather than equal sizes. */
  readonly thin: boolean
}

/** Sizes of the frames that carry `length` bytes. @throws ObjectsError `objects/bad-message` */
export function frameSizes(length: number, { mtu, thin }: Cutting): FrameSize[] {
  if (length > MAX_MESSAGE_BYTES)
    throw new ObjectsError('objects/bad-message', { details: { length, limit: MAX_MESSAGE_BYTES } })
  const allowed = ([4096, 2048, 512, 128] as const).filter((size) => size <= mtu)
  const largest = allowed[0]
  if (largest === undefined) throw new ObjectsError('objects/bad-message', { details: { mtu } })
  if (!thin && largest > 512) return broadSizes(length, largest)
  return cheapest(length, allowed)
}

/** All of one size: 2,048 bytes, or 4,096 where that is one frame instead of two. */
function broadSizes(length: number, largest: FrameSize): FrameSize[] {
  const size = length <= 2048 - HEADER_BYTES ? 2048 : largest
  return Array.from({ length: Math.max(1, Math.ceil(length / (size - HEADER_BYTES))) }, () => size)
}

/** Large frames while they are full; the rest in the sizes that cost least, for each of which the next is tried. */
function cheapest(length: number, allowed: readonly FrameSize[]): FrameSize[] {
  const [size, ...smaller] = allowed
  if (size === undefined) return []
  const usable = size - HEADER_BYTES
  const whole = Math.floor(length / usable)
  const sizes = Array.from({ length: whole }, () => size)
  const rest = length - whole * usable
  if (rest === 0 && whole > 0) return sizes
  if (smaller.length === 0) return [...sizes, size]
  const inSmaller = cheapest(rest, smaller)
  const cost = inSmaller.reduce((sum, one) => sum + one, 0)
  return cost < size ? [...sizes, ...inSmaller] : [...sizes, size]
}

/** `number` tells the messages of one sender apart that are under way at the same time. */
export function cutMessage(message: Message, number: number, cutting: Cutting): Uint8Array[] {
  const { kind, body } = encodeMessage(message)
  const sizes = frameSizes(body.length, cutting)
  let offset = 0
  return sizes.map((size, index) => {
    const frame = new Uint8Array(size)
    frame.set([PACKET_VERSION, kind, number & 0xff, index, sizes.length])
    frame.set(body.subarray(offset, offset + size - HEADER_BYTES), HEADER_BYTES)
    offset += size - HEADER_BYTES
    return frame
  })
}

interface OpenMessage {
  readonly kind: number
  readonly number: number
  readonly pieces: (Uint8Array | undefined)[]
  missing: number
  length: number
}

/** What one neighbour sends, put together. */
export interface Assembly {
  /**
   * The message that `frame` completes; undefined while frames are missing, null for a frame of another protocol.
   * @throws ObjectsError `objects/bad-message`
   */
  take(frame: Uint8Array): Message | undefined | null
}

function bad(reason: string): ObjectsError {
  return new ObjectsError('objects/bad-message', { details: { reason } })
}

export function assembly(): Assembly {
  const open: OpenMessage[] = []

  const find = (kind: number, number: number, count: number): OpenMessage => {
    const at = open.findIndex((one) => one.number === number)
    const known = open[at]
    if (known?.kind === kind && known.pieces.length === count) return known
    // The number came round again: what was open under it never came whole.
    if (known !== undefined) open.splice(at, 1)
    if (open.length === MAX_OPEN_MESSAGES) open.shift()
    const made: OpenMessage = {
      kind,
      number,
      pieces: new Array(count).fill(undefined),
      missing: count,
      length: 0,
    }
    open.push(made)
    return made
  }
  return {
    take: (frame) => {
      const [version, kind = 0, number = 0, index = 0, count = 0] = frame
      if (kind === 0) return null
      if (!isFrameSize(frame.length) || version !== PACKET_VERSION) throw bad('frame')
      if (count === 0 || count > MAX_PIECES || index >= count) throw bad('count')
      const piece = frame.subarray(HEADER_BYTES)
      if (count === 1) return decodeMessage({ kind, body: piece })
      const message = find(kind, number, count)
      if (message.pieces[index] !== undefined) return undefined
      message.length += piece.length
      if (message.length > MAX_MESSAGE_BYTES + 4096) {
        open.splice(open.indexOf(message), 1)
        throw bad('length')
      }
      message.pieces[index] = piece.slice()
      message.missing -= 1
      if (message.missing > 0) return undefined
      open.splice(open.indexOf(message), 1)
      return decodeMessage({ kind, body: concatBytes(...(message.pieces as Uint8Array[])) })
    },
  }
}
