/** Bounded reading and exact writing of small structures: little-endian numbers, views instead of copies. */
import { PaymentError } from './errors.js'
import { MAX_AMOUNT, MAX_TIME } from './limits.js'

export function malformed(reason: string, details: Record<string, number> = {}): PaymentError {
  return new PaymentError('payment/malformed', { details: { reason, ...details } })
}

/** @throws PaymentError `payment/bad-amount` unless 0 ≤ amount < 2^64 */
export function checkAmount(amount: bigint): bigint {
  if (amount < 0n || amount > MAX_AMOUNT) throw new PaymentError('payment/bad-amount')
  return amount
}

function checkTime(time: number): number {
  if (!Number.isSafeInteger(time) || time < 0) throw malformed('bad-time')
  return time
}

/** @throws PaymentError `payment/malformed` unless `length` bytes */
export function sized(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length !== length)
    throw malformed(`bad-length of ${name}`, { length: bytes.length, expected: length })
  return bytes
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value)
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8)
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

/** @throws PaymentError `payment/bad-amount` */
export function amountBytes(amount: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, checkAmount(amount), true)
  return bytes
}

/** Milliseconds since 1970. @throws PaymentError `payment/malformed` */
export function timeBytes(time: number): Uint8Array {
  return amountBytes(BigInt(checkTime(time)))
}

/** A position in bytes from a peer; nothing is allocated by a length that they claim. */
export interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  offset: number
}

export function readerOf(bytes: Uint8Array): Reader {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
}

function advance(reader: Reader, length: number): number {
  const start = reader.offset
  if (length > reader.bytes.length - start)
    throw malformed('truncated', { needed: length, left: reader.bytes.length - start })
  reader.offset = start + length
  return start
}

/** A view into the input. */
export function take(reader: Reader, length: number): Uint8Array {
  const start = advance(reader, length)
  return reader.bytes.subarray(start, start + length)
}

export function takeU8(reader: Reader): number {
  return reader.view.getUint8(advance(reader, 1))
}

export function takeU16(reader: Reader): number {
  return reader.view.getUint16(advance(reader, 2), true)
}

export function takeU32(reader: Reader): number {
  return reader.view.getUint32(advance(reader, 4), true)
}

export function takeAmount(reader: Reader): bigint {
  return reader.view.getBigUint64(advance(reader, 8), true)
}

/** @throws PaymentError `payment/malformed` above 2^53 - 1 */
export function takeTime(reader: Reader): number {
  const time = takeAmount(reader)
  if (time > BigInt(MAX_TIME)) throw malformed('bad-time')
  return Number(time)
}

/** Nothing may be left. @throws PaymentError `payment/malformed` */
export function finish(reader: Reader): void {
  const left = reader.bytes.length - reader.offset
  if (left !== 0) throw malformed('trailing-bytes', { left })
}
