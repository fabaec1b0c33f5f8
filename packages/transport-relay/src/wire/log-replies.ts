/** What is read of a log, and who was there first. spec/relay.md section 2.2. */
import { MAX_LOG_ENTRY_BYTES } from '../limits.js'
import {
  malformed,
  readBytes,
  readRest,
  readU16,
  readU32,
  readU64,
  remainingBytes,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.js'
import type { CodecTable } from './operation.js'

/** Nothing was appended. */
export interface LogConflictReply {
  readonly kind: 'log-conflict'
  readonly request: number
  /** The next free place. */
  readonly next: number
  /** What holds the place that was asked for; empty when nothing does, or not any more. */
  readonly entry: Uint8Array
}

export interface LogEntriesReply {
  readonly kind: 'log-entries'
  readonly request: number
  /** Place of the first entry here; greater than asked for when older ones are gone. */
  readonly from: number
  /** The next free place of the log. */
  readonly next: number
  readonly entries: readonly Uint8Array[]
}

export type LogReply = LogConflictReply | LogEntriesReply

/** Length and one byte. */
const MIN_ENTRY_BYTES = 5

function readEntries(reader: WireReader, request: number): LogEntriesReply {
  const from = readU64(reader)
  const next = readU64(reader)
  const count = readU16(reader)
  if (count * MIN_ENTRY_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const entries: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const length = readU32(reader)
    if (length === 0 || length > MAX_LOG_ENTRY_BYTES) throw malformed('bad-length', { length })
    entries.push(readBytes(reader, length))
  }
  return { kind: 'log-entries', request, from, next, entries }
}

function writeEntries(writer: WireWriter, { from, next, entries }: LogEntriesReply): void {
  writeU64(writer, from)
  writeU64(writer, next)
  writeU16(writer, entries.length)
  for (const entry of entries) {
    writeU32(writer, entry.length)
    writeBytes(writer, entry)
  }
}

export const LOG_REPLY_CODECS: CodecTable<LogReply> = {
  'log-conflict': {
    code: 142,
    bodyBytes: ({ entry }) => 8 + entry.length,
    write: (writer, { next, entry }) => {
      writeU64(writer, next)
      writeBytes(writer, entry)
    },
    read: (reader, request) => ({
      kind: 'log-conflict',
      request,
      next: readU64(reader),
      entry: readRest(reader, MAX_LOG_ENTRY_BYTES),
    }),
  },
  'log-entries': {
    code: 143,
    bodyBytes: ({ entries }) => entries.reduce((length, entry) => length + 4 + entry.length, 18),
    write: writeEntries,
    read: readEntries,
  },
}
