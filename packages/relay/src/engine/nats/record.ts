/**
 * A record of a bucket's log: frames that were put, or what was acknowledged. spec/relay-engines.md section 2.1.
 *
 * ```
 * record  version u8 = 1 | kind u8 (1 put, 2 note, 3 checkpoint) | entry × n
 * put     box 32 | id 16 | remembered until u64 | until u64 | length u16 | frame
 * note    box 32 | cursor u64 | count u32 | (id 16, remembered until u64) × count
 * ```
 * A checkpoint begins with a u64, and replaces every note up to that sequence; it holds notes of all boxes. Little-endian. What is read here was
 * written by a relay, so a record that does not decode is damage.
 */
import { RelayError } from '../../errors.js'

export interface PutEntry {
  readonly box: Uint8Array
  readonly id: Uint8Array
  /** When its id may be forgotten, and when the frame goes; epoch milliseconds. */
  readonly idUntil: number
  readonly until: number
  readonly frame: Uint8Array
}

export interface RememberedId {
  readonly id: Uint8Array
  readonly until: number
}

export interface NoteEntry {
  readonly box: Uint8Array
  readonly cursor: number
  readonly ids: readonly RememberedId[]
}

export type BucketRecord =
  | { readonly kind: 'put'; readonly entries: readonly PutEntry[] }
  | { readonly kind: 'note'; readonly entries: readonly NoteEntry[] }
  | { readonly kind: 'checkpoint'; readonly covers: number; readonly entries: readonly NoteEntry[] }

const VERSION = 1
const KINDS = ['put', 'note', 'checkpoint'] as const
const HEADER_BYTES = 2
const COVERS_BYTES = 8
const BOX_BYTES = 32
const ID_BYTES = 16
export const PUT_BYTES: number = BOX_BYTES + ID_BYTES + 18
export const NOTE_BYTES: number = BOX_BYTES + 12
export const REMEMBERED_BYTES: number = ID_BYTES + 8

function recordBytes(record: BucketRecord): number {
  let length = HEADER_BYTES + (record.kind === 'checkpoint' ? COVERS_BYTES : 0)
  if (record.kind === 'put') for (const { frame } of record.entries) length += PUT_BYTES + frame.length
  else for (const { ids } of record.entries) length += NOTE_BYTES + ids.length * REMEMBERED_BYTES
  return length
}

function writeTime(bytes: Buffer, value: number, offset: number): void {
  bytes.writeBigUInt64LE(BigInt(value), offset)
}

function readTime(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset))
}

function writePut(bytes: Buffer, at: number, entry: PutEntry): number {
  bytes.set(entry.box, at)
  bytes.set(entry.id, at + 32)
  writeTime(bytes, entry.idUntil, at + 48)
  writeTime(bytes, entry.until, at + 56)
  bytes.writeUInt16LE(entry.frame.length, at + 64)
  bytes.set(entry.frame, at + PUT_BYTES)
  return at + PUT_BYTES + entry.frame.length
}

function writeNote(bytes: Buffer, start: number, { box, cursor, ids }: NoteEntry): number {
  bytes.set(box, start)
  writeTime(bytes, cursor, start + 32)
  bytes.writeUInt32LE(ids.length, start + 40)
  let at = start + NOTE_BYTES
  for (const { id, until } of ids) {
    bytes.set(id, at)
    writeTime(bytes, until, at + ID_BYTES)
    at += REMEMBERED_BYTES
  }
  return at
}

export function encodeRecord(record: BucketRecord): Uint8Array {
  const bytes = Buffer.allocUnsafe(recordBytes(record))
  bytes[0] = VERSION
  bytes[1] = KINDS.indexOf(record.kind) + 1
  let at = HEADER_BYTES
  if (record.kind === 'checkpoint') {
    writeTime(bytes, record.covers, at)
    at += COVERS_BYTES
  }
  if (record.kind === 'put') for (const entry of record.entries) at = writePut(bytes, at, entry)
  else for (const entry of record.entries) at = writeNote(bytes, at, entry)
  return bytes
}

function readPut(bytes: Buffer, at: number): PutEntry {
  const length = bytes.readUInt16LE(at + 64)
  const end = at + PUT_BYTES + length
  if (end > bytes.length) throw new RangeError('cut')
  return {
    box: bytes.subarray(at, at + 32),
    id: bytes.subarray(at + 32, at + 48),
    idUntil: readTime(bytes, at + 48),
    until: readTime(bytes, at + 56),
    frame: bytes.subarray(at + PUT_BYTES, end),
  }
}

function readNote(bytes: Buffer, at: number): NoteEntry {
  const count = bytes.readUInt32LE(at + 40)
  const start = at + NOTE_BYTES
  if (start + count * REMEMBERED_BYTES > bytes.length) throw new RangeError('cut')
  const ids = Array.from({ length: count }, (_, i) => {
    const place = start + i * REMEMBERED_BYTES
    return { id: bytes.subarray(place, place + ID_BYTES), until: readTime(bytes, place + ID_BYTES) }
  })
  return { box: bytes.subarray(at, at + 32), cursor: readTime(bytes, at + 32), ids }
}

function decode(bytes: Buffer): BucketRecord {
  const kind = bytes[0] === VERSION ? KINDS[(bytes[1] ?? 0) - 1] : undefined
  if (kind === undefined) throw new RangeError('unknown')
  let at = HEADER_BYTES
  if (kind === 'put') {
    const entries: PutEntry[] = []
    while (at < bytes.length) {
      const entry = readPut(bytes, at)
      entries.push(entry)
      at += PUT_BYTES + entry.frame.length
    }
    return { kind, entries }
  }
  const covers = kind === 'checkpoint' ? readTime(bytes, at) : 0
  if (kind === 'checkpoint') at += COVERS_BYTES
  const entries: NoteEntry[] = []
  while (at < bytes.length) {
    const entry = readNote(bytes, at)
    entries.push(entry)
    at += NOTE_BYTES + entry.ids.length * REMEMBERED_BYTES
  }
  return kind === 'checkpoint' ? { kind, covers, entries } : { kind, entries }
}

/** @throws RelayError `relay/data-corrupt` */
export function decodeRecord(data: Uint8Array): BucketRecord {
  try {
    return decode(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  } catch (cause) {
    throw new RelayError('relay/data-corrupt', { cause })
  }
}
