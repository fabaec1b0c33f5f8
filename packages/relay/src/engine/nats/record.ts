/**
 * A record of a log: frames that were put, or what was acknowledged. spec/relay-engines.md section 2.1.
 *
 * ```
 * record  version u8 = 2 | kind u8 (1 put, 2 note) | content
 * put     written at u64 | (box 32 | id 16 | remembered until u64 | until u64 | length u16 | frame) × n
 * note    covers u64 | acks u32 | (box 32 | cursor u64 | count u32 | (id 16, remembered until u64) × count) × acks
 *         | (box 32 | cursor u64) × n
 * ```
 * Little-endian. `covers` is the sequence up to which the note replaces all others; the last part names frames that
 * were never taken. What is read here was written by a relay, so a record that does not decode is damage.
 */
import { RelayError } from '../../errors.js'
import { binary, boxName } from '../keys.js'

export interface PutEntry {
  readonly box: Uint8Array
  readonly id: Uint8Array
  /** `box` and `id` as keys of maps. */
  readonly name: string
  readonly idName: string
  /** When its id may be forgotten, and when the frame goes; epoch milliseconds. */
  readonly idUntil: number
  readonly until: number
  readonly frame: Uint8Array
}

export interface PutRecord {
  readonly kind: 'put'
  /** Epoch milliseconds of the relay that wrote it. */
  readonly at: number
  readonly entries: readonly PutEntry[]
}

export interface RememberedId {
  readonly id: string
  readonly until: number
}

export interface Ack {
  readonly box: Uint8Array
  readonly cursor: number
  readonly ids: readonly RememberedId[]
}

/** A frame that was written and then not taken, since its box was full. */
export interface Withdrawn {
  readonly box: Uint8Array
  readonly cursor: number
}

export interface NoteRecord {
  readonly kind: 'note'
  /** 0: replaces none. */
  readonly covers: number
  readonly acks: readonly Ack[]
  readonly withdrawn: readonly Withdrawn[]
}

export type LogRecord = PutRecord | NoteRecord

const VERSION = 2
const PUT = 1
const NOTE = 2
const BOX_BYTES = 32
const ID_BYTES = 16
const PUT_HEADER_BYTES = 10
const NOTE_HEADER_BYTES = 14
/** Before the frame of an entry. */
export const PUT_BYTES: number = BOX_BYTES + ID_BYTES + 18
export const ACK_BYTES: number = BOX_BYTES + 12
export const REMEMBERED_BYTES: number = ID_BYTES + 8
export const WITHDRAWN_BYTES: number = BOX_BYTES + 8

const U32 = 2 ** 32

/** Two halves: a BigInt for each number costs more than the rest of an entry. */
function writeNumber(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % U32, offset)
  bytes.writeUInt32LE(Math.floor(value / U32), offset + 4)
}

function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * U32
}

function encodePut({ at: time, entries }: PutRecord): Buffer {
  let length = PUT_HEADER_BYTES
  for (const { frame } of entries) length += PUT_BYTES + frame.length
  const bytes = Buffer.allocUnsafeSlow(length)
  bytes[0] = VERSION
  bytes[1] = PUT
  writeNumber(bytes, time, 2)
  let at = PUT_HEADER_BYTES
  for (const entry of entries) {
    bytes.set(entry.box, at)
    bytes.set(entry.id, at + 32)
    writeNumber(bytes, entry.idUntil, at + 48)
    writeNumber(bytes, entry.until, at + 56)
    bytes.writeUInt16LE(entry.frame.length, at + 64)
    bytes.set(entry.frame, at + PUT_BYTES)
    at += PUT_BYTES + entry.frame.length
  }
  return bytes
}

function writeAck(bytes: Buffer, start: number, { box, cursor, ids }: Ack): number {
  bytes.set(box, start)
  writeNumber(bytes, cursor, start + 32)
  bytes.writeUInt32LE(ids.length, start + 40)
  let at = start + ACK_BYTES
  for (const { id, until } of ids) {
    bytes.write(id, at, ID_BYTES, 'latin1')
    writeNumber(bytes, until, at + ID_BYTES)
    at += REMEMBERED_BYTES
  }
  return at
}

export function ackBytes({ ids }: Ack): number {
  return ACK_BYTES + ids.length * REMEMBERED_BYTES
}

function encodeNote({ covers, acks, withdrawn }: NoteRecord): Buffer {
  const length = acks.reduce((sum, ack) => sum + ackBytes(ack), NOTE_HEADER_BYTES)
  const bytes = Buffer.allocUnsafeSlow(length + withdrawn.length * WITHDRAWN_BYTES)
  bytes[0] = VERSION
  bytes[1] = NOTE
  writeNumber(bytes, covers, 2)
  bytes.writeUInt32LE(acks.length, 10)
  let at = NOTE_HEADER_BYTES
  for (const ack of acks) at = writeAck(bytes, at, ack)
  for (const { box, cursor } of withdrawn) {
    bytes.set(box, at)
    writeNumber(bytes, cursor, at + 32)
    at += WITHDRAWN_BYTES
  }
  return bytes
}

export function encodeRecord(record: LogRecord): Uint8Array {
  return record.kind === 'put' ? encodePut(record) : encodeNote(record)
}

function readPut(bytes: Buffer, at: number): PutEntry {
  const end = at + PUT_BYTES + bytes.readUInt16LE(at + 64)
  if (end > bytes.length) throw new RangeError('cut')
  const box = bytes.subarray(at, at + 32)
  const id = bytes.subarray(at + 32, at + 48)
  return {
    box,
    id,
    name: boxName(box),
    idName: binary(id),
    idUntil: readNumber(bytes, at + 48),
    until: readNumber(bytes, at + 56),
    frame: bytes.subarray(at + PUT_BYTES, end),
  }
}

function decodePut(bytes: Buffer): PutRecord {
  const entries: PutEntry[] = []
  for (let at = PUT_HEADER_BYTES; at < bytes.length; ) {
    const entry = readPut(bytes, at)
    entries.push(entry)
    at += PUT_BYTES + entry.frame.length
  }
  return { kind: 'put', at: readNumber(bytes, 2), entries }
}

function readAck(bytes: Buffer, at: number): Ack {
  const count = bytes.readUInt32LE(at + 40)
  const start = at + ACK_BYTES
  if (start + count * REMEMBERED_BYTES > bytes.length) throw new RangeError('cut')
  const ids = Array.from({ length: count }, (_, i) => {
    const place = start + i * REMEMBERED_BYTES
    const id = bytes.toString('latin1', place, place + ID_BYTES)
    return { id, until: readNumber(bytes, place + ID_BYTES) }
  })
  return { box: bytes.subarray(at, at + 32), cursor: readNumber(bytes, at + 32), ids }
}

function decodeNote(bytes: Buffer): NoteRecord {
  const acks: Ack[] = []
  let at = NOTE_HEADER_BYTES
  for (let left = bytes.readUInt32LE(10); left > 0; left--) {
    const ack = readAck(bytes, at)
    acks.push(ack)
    at += ackBytes(ack)
  }
  const withdrawn: Withdrawn[] = []
  for (; at < bytes.length; at += WITHDRAWN_BYTES)
    withdrawn.push({ box: bytes.subarray(at, at + 32), cursor: readNumber(bytes, at + 32) })
  return { kind: 'note', covers: readNumber(bytes, 2), acks, withdrawn }
}

/** @throws RelayError `relay/data-corrupt` */
export function decodeRecord(data: Uint8Array): LogRecord {
  try {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    if (bytes[0] !== VERSION || (bytes[1] !== PUT && bytes[1] !== NOTE)) throw new RangeError('unknown')
    return bytes[1] === PUT ? decodePut(bytes) : decodeNote(bytes)
  } catch (cause) {
    throw new RelayError('relay/data-corrupt', { cause })
  }
}

/** The frames of a record of frames, in their order; none of another. */
export function framesOf(data: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const frames: Uint8Array[] = []
  if (bytes[0] !== VERSION || bytes[1] !== PUT) return frames
  for (let at = PUT_HEADER_BYTES; at + PUT_BYTES <= bytes.length; ) {
    const end = at + PUT_BYTES + bytes.readUInt16LE(at + 64)
    frames.push(bytes.subarray(at + PUT_BYTES, end))
    at = end
  }
  return frames
}
