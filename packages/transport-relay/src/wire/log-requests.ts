/** A log that grows by compare-and-swap: sequencing of commits. spec/relay.md section 3.4. */
import { MAX_LOG_ENTRY_BYTES } from '../limits.js'
import {
  malformed,
  readBytes,
  readRest,
  readU16,
  readU64,
  writeBytes,
  writeU8,
  writeU16,
  writeU64,
} from './bytes.js'
import { type CodecTable, KEY_BYTES } from './operation.js'
import { readTtl, type TtlClass } from './ticket.js'

/** The log's id must be open on this connection, like a box. */
export interface LogAppendRequest {
  readonly kind: 'log-append'
  readonly request: number
  readonly log: Uint8Array
  /** The place the entry is to take: how many entries the log has had before it. */
  readonly position: number
  /** How long the log stays after this entry. */
  readonly ttl: TtlClass
  /** 1..65,536 bytes. */
  readonly entry: Uint8Array
}

/** The log's id must be open on this connection. */
export interface LogReadRequest {
  readonly kind: 'log-read'
  readonly request: number
  readonly log: Uint8Array
  readonly from: number
  readonly limit: number
}

export type LogRequest = LogAppendRequest | LogReadRequest

export const LOG_CODECS: CodecTable<LogRequest> = {
  'log-append': {
    code: 22,
    bodyBytes: ({ entry }) => KEY_BYTES + 9 + entry.length,
    write: (writer, { log, position, ttl, entry }) => {
      writeBytes(writer, log)
      writeU64(writer, position)
      writeU8(writer, ttl)
      writeBytes(writer, entry)
    },
    read: (reader, request) => ({
      kind: 'log-append',
      request,
      log: readBytes(reader, KEY_BYTES),
      position: readU64(reader),
      ttl: readTtl(reader),
      entry: readRest(reader, MAX_LOG_ENTRY_BYTES, 1),
    }),
  },
  'log-read': {
    code: 23,
    bodyBytes: () => KEY_BYTES + 10,
    write: (writer, { log, from, limit }) => {
      writeBytes(writer, log)
      writeU64(writer, from)
      writeU16(writer, limit)
    },
    read: (reader, request) => {
      const log = readBytes(reader, KEY_BYTES)
      const from = readU64(reader)
      const limit = readU16(reader)
      if (limit === 0) throw malformed('zero-count')
      return { kind: 'log-read', request, log, from, limit }
    },
  },
}
