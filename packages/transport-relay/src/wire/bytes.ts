/** Bounded reading and writing of one message: every length is checked against what is there. */
import { RelayCarrierError } from '../errors.js'

const U32 = 2 ** 32

/** A position in bytes from the peer. Byte strings come out as views: nothing is allocated by length. */
export interface WireReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  offset: number
  /** Nothing is read at or behind it. */
  end: number
}

export function malformed(reason: string, details: Record<string, number> = {}): RelayCarrierError {
  return new RelayCarrierError('relay-carrier/malformed', { details: { reason, ...details } })
}

export function wireReader(bytes: Uint8Array): WireReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes, view, offset: 0, end: bytes.length }
}

export function remainingBytes(reader: WireReader): number {
  return reader.end - reader.offset
}

function advance(reader: WireReader, length: number): number {
  const start = reader.offset
  if (length > reader.end - start) throw malformed('truncated', { needed: length, left: reader.end - start })
  reader.offset = start + length
  return start
}

export function readU8(reader: WireReader): number {
  return reader.bytes[advance(reader, 1)] as number
}

export function readU16(reader: WireReader): number {
  return reader.view.getUint16(advance(reader, 2), true)
}

export function readU24(reader: WireReader): number {
  const at = advance(reader, 3)
  return reader.view.getUint16(at, true) + (reader.bytes[at + 2] as number) * 0x10000
}

export function readU32(reader: WireReader): number {
  return reader.view.getUint32(advance(reader, 4), true)
}

/** A u64 that a JavaScript number holds exactly. */
export function readU64(reader: WireReader): number {
  const at = advance(reader, 8)
  const high = reader.view.getUint32(at + 4, true)
  if (high >= 2 ** 21) throw malformed('number-too-large')
  return high * U32 + reader.view.getUint32(at, true)
}

export function readBytes(reader: WireReader, length: number): Uint8Array {
  const start = advance(reader, length)
  return reader.bytes.subarray(start, start + length)
}

/** What is left, between `min` and `max` bytes. */
export function readRest(reader: WireReader, max: number, min = 0): Uint8Array {
  const length = remainingBytes(reader)
  if (length > max || length < min) throw malformed('bad-length', { length, min, max })
  return readBytes(reader, length)
}

/** A u16 length and as many bytes, between `min` and `max`. */
export function readShort(reader: WireReader, max: number, min = 0): Uint8Array {
  const length = readU16(reader)
  if (length > max || length < min) throw malformed('bad-length', { length, min, max })
  return readBytes(reader, length)
}

/** One byte that is 0 or 1. */
export function readFlag(reader: WireReader): boolean {
  const value = readU8(reader)
  if (value > 1) throw malformed('bad-flag', { value })
  return value === 1
}

/** A buffer of exactly the size that was computed; the writing functions move `offset`. */
export interface WireWriter {
  readonly bytes: Uint8Array
  readonly view: DataView
  offset: number
}

/** Writes into `bytes`, all of which have to be written. */
export function writerOver(bytes: Uint8Array): WireWriter {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
}

export function wireWriter(length: number): WireWriter {
  return writerOver(new Uint8Array(length))
}

export function writeU8(writer: WireWriter, value: number): void {
  writer.bytes[writer.offset++] = value
}

export function writeU16(writer: WireWriter, value: number): void {
  writer.view.setUint16(writer.offset, value, true)
  writer.offset += 2
}

export function writeU24(writer: WireWriter, value: number): void {
  writeU16(writer, value & 0xffff)
  writeU8(writer, value >>> 16)
}

export function writeU32(writer: WireWriter, value: number): void {
  writer.view.setUint32(writer.offset, value, true)
  writer.offset += 4
}

export function writeU64(writer: WireWriter, value: number): void {
  writeU32(writer, value % U32)
  writeU32(writer, Math.floor(value / U32))
}

export function writeBytes(writer: WireWriter, bytes: Uint8Array): void {
  writer.bytes.set(bytes, writer.offset)
  writer.offset += bytes.length
}

export function writeShort(writer: WireWriter, bytes: Uint8Array): void {
  writeU16(writer, bytes.length)
  writeBytes(writer, bytes)
}
