/**
 * Control frames (spec/link-mailbox.md, section 2): what two nodes say beside the frames they carry, in frames of the
 * same sizes. A frame without the mark is somebody's mail or nonsense: which of the two, its digest tells.
 */
import { FRAME_SIZES, utf8 } from '@hyphae/core'
import { TransportError } from '../errors.js'

const VERSION = 1
/** "hyphae-m". */
const MARK: Uint8Array = utf8('hyphae-m')
const MARK_AT = 2
const TO_AT: number = MARK_AT + MARK.length
export const RUN_BYTES = 16
const LENGTH_AT: number = TO_AT + RUN_BYTES
export const CONTROL_OVERHEAD: number = LENGTH_AT + 2

export interface ControlFrame {
  /** The run of its receiver that the sender believes in; zeros before it knows one. */
  readonly to: Uint8Array
  readonly message: Uint8Array
}

/** The smallest frame that holds the message. @throws TransportError `transport/bad-frame` where none does */
export function encodeControl({ to, message }: ControlFrame): Uint8Array {
  const size = FRAME_SIZES.find((bytes) => bytes >= message.length + CONTROL_OVERHEAD)
  if (size === undefined)
    throw new TransportError('transport/bad-frame', { details: { bytes: message.length } })
  const frame = new Uint8Array(size)
  frame[0] = VERSION
  frame.set(MARK, MARK_AT)
  frame.set(to, TO_AT)
  new DataView(frame.buffer).setUint16(LENGTH_AT, message.length, true)
  frame.set(message, CONTROL_OVERHEAD)
  return frame
}

/**
 * Null for what is not a control frame.
 * @throws TransportError `transport/bad-message` for one whose length or padding is wrong
 */
export function decodeControl(frame: Uint8Array): ControlFrame | null {
  if (frame[0] !== VERSION || frame[1] !== 0) return null
  for (const [index, byte] of MARK.entries()) if (frame[MARK_AT + index] !== byte) return null
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const end = CONTROL_OVERHEAD + view.getUint16(LENGTH_AT, true)
  const fits = FRAME_SIZES.find((bytes) => bytes >= end) === frame.length
  if (!fits || frame.subarray(end).some((byte) => byte !== 0))
    throw new TransportError('transport/bad-message', { details: { end, frame: frame.length } })
  return {
    to: frame.slice(TO_AT, LENGTH_AT),
    message: frame.slice(CONTROL_OVERHEAD, end),
  }
}
