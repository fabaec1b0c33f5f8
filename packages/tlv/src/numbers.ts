/**
 * Little-endian unsigned integers, the byte order of the Hyphae wire (spec/frames.md, "Numbers").
 *
 * Reads do not check bounds: callers have checked the length. Writes refuse what does not fit.
 */
import { TlvError } from './errors.js'

const TWO_32 = 0x1_0000_0000

/** @throws TlvError `tlv/bad-number` unless a whole number from 0 to `max` */
export function checkRange(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new TlvError('tlv/bad-number', { details: { max } })
  }
}

export function readU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8)
}

export function readU24(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset) | ((bytes[offset + 2] as number) << 16)
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (readU24(bytes, offset) | ((bytes[offset + 3] as number) << 24)) >>> 0
}

/** @throws TlvError `tlv/bad-number` above 2^53 − 1, which a JavaScript number cannot hold exactly */
export function readU64(bytes: Uint8Array, offset: number): number {
  const value = readU32(bytes, offset) + readU32(bytes, offset + 4) * TWO_32
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new TlvError('tlv/bad-number', { details: { max: Number.MAX_SAFE_INTEGER } })
  }
  return value
}

/** @throws TlvError `tlv/bad-number` */
export function writeU8(bytes: Uint8Array, offset: number, value: number): void {
  checkRange(value, 0xff)
  bytes[offset] = value
}

/** @throws TlvError `tlv/bad-number` */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  checkRange(value, 0xff_ff)
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
}

/** @throws TlvError `tlv/bad-number` */
export function writeU24(bytes: Uint8Array, offset: number, value: number): void {
  checkRange(value, 0xff_ff_ff)
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
}

/** @throws TlvError `tlv/bad-number` */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  checkRange(value, 0xff_ff_ff_ff)
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 24
}

/** Whole numbers up to 2^53 − 1. @throws TlvError `tlv/bad-number` */
export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  checkRange(value, Number.MAX_SAFE_INTEGER)
  writeU32(bytes, offset, value % TWO_32)
  writeU32(bytes, offset + 4, Math.floor(value / TWO_32))
}
