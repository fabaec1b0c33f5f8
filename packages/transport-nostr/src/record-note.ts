/**
 * A directory record (spec/directory.md) in a note. Decoder and encoder.
 *
 *     note = 1 | first published, ms u48 | record; little-endian
 */
import { type DirectoryRecord, equalBytes, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { decodeDirectoryRecord, encodeDirectoryRecord, verifyDirectoryRecord } from '@hyphae/tlv'
import type { FoundNote } from './place.js'

const TYPE = 1
const RECORD_AT = 7

export interface RecordNote {
  /** Milliseconds since 1970, as its publisher says: what orders writers. */
  readonly firstAt: number
  readonly record: DirectoryRecord
}

export function encodeRecordNote({ firstAt, record }: RecordNote): Uint8Array {
  const bytes = encodeDirectoryRecord(record)
  const note = new Uint8Array(RECORD_AT + bytes.length)
  const view = new DataView(note.buffer)
  note[0] = TYPE
  view.setUint32(1, firstAt % 2 ** 32, true)
  view.setUint16(5, Math.floor(firstAt / 2 ** 32), true)
  note.set(bytes, RECORD_AT)
  return note
}

/** Null unless it is a record for this address, signed by its writer. */
export function readRecordNote(
  crypto: CryptoProvider,
  address: Uint8Array,
  { content }: FoundNote,
): RecordNote | null {
  if (content[0] !== TYPE || content.length < RECORD_AT) return null
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const firstAt = view.getUint32(1, true) + view.getUint16(5, true) * 2 ** 32
  try {
    const record = decodeDirectoryRecord(content.subarray(RECORD_AT))
    const holds = equalBytes(record.address, address) && verifyDirectoryRecord(crypto, record)
    return holds ? { firstAt, record } : null
  } catch {
    return null
  }
}

/** Of each writer the highest sequence, with the earliest time it was ever published; the writer that came first first. */
export function mergeRecordNotes(notes: readonly RecordNote[]): RecordNote[] {
  const byWriter = new Map<string, RecordNote>()
  for (const note of notes) {
    const writer = toHex(note.record.writer)
    const before = byWriter.get(writer)
    const newer = before === undefined || note.record.sequence > before.record.sequence ? note : before
    byWriter.set(writer, { ...newer, firstAt: Math.min(note.firstAt, before?.firstAt ?? note.firstAt) })
  }
  return [...byWriter.entries()]
    .sort(([a, x], [b, y]) => x.firstAt - y.firstAt || (a < b ? -1 : 1))
    .map(([, note]) => note)
}
