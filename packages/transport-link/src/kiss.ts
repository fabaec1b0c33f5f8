/**
 * KISS framing (Chepponis and Karn, 1987): datagrams through a serial port to a radio modem.
 *
 *     C0 | type u8 = 00 (data, port 0) | bytes, C0 as DB DC and DB as DB DD | C0
 *
 * A serial port has no errors to report: what is damaged is dropped here or above, and comes again.
 */
import { MAX_KISS_BYTES } from './limits.js'

const END = 0xc0
const ESCAPE = 0xdb
const ESCAPED_END = 0xdc
const ESCAPED_ESCAPE = 0xdd
const DATA = 0x00

export function kissFrame(datagram: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 * datagram.length + 3)
  let at = 0
  bytes[at++] = END
  bytes[at++] = DATA
  for (const byte of datagram) {
    if (byte !== END && byte !== ESCAPE) {
      bytes[at++] = byte
      continue
    }
    bytes[at++] = ESCAPE
    bytes[at++] = byte === END ? ESCAPED_END : ESCAPED_ESCAPE
  }
  bytes[at++] = END
  return bytes.subarray(0, at)
}

export interface KissReader {
  /** Every datagram that is whole now, in arrays of their own. */
  push(bytes: Uint8Array): Uint8Array[]
}

/** Drops frames that are damaged, too long, or commands to the modem. */
export function createKissReader(): KissReader {
  const frame = new Uint8Array(1 + MAX_KISS_BYTES)
  let length = 0
  let escaped = false
  let bad = false
  const keep = (byte: number): void => {
    if (length === frame.length) bad = true
    else frame[length++] = byte
  }
  const take = (byte: number): void => {
    if (!escaped) {
      if (byte === ESCAPE) escaped = true
      else keep(byte)
      return
    }
    escaped = false
    if (byte === ESCAPED_END) keep(END)
    else if (byte === ESCAPED_ESCAPE) keep(ESCAPE)
    else bad = true
  }
  return {
    push: (bytes) => {
      const whole: Uint8Array[] = []
      for (const byte of bytes) {
        if (byte !== END) {
          take(byte)
          continue
        }
        if (!bad && !escaped && length > 1 && frame[0] === DATA) whole.push(frame.slice(1, length))
        length = 0
        escaped = false
        bad = false
      }
      return whole
    },
  }
}
