/** A part of a blob: what a thin link has lost of one. spec/relay.md sections 2.1 and 4. */
import { MAX_BLOB_BYTES } from '../limits.js'
import { malformed, readBytes, readFlag, readRest, readU16, writeBytes, writeU8, writeU16 } from './bytes.js'
import { type CodecTable, HASH_BYTES } from './operation.js'

export interface BlobRangeRequest {
  readonly kind: 'blob-range'
  readonly request: number
  readonly hash: Uint8Array
  readonly from: number
  /** At least 1. */
  readonly length: number
}

export interface BlobPartReply {
  readonly kind: 'blob-part'
  readonly request: number
  readonly found: boolean
  /** Bytes of the whole blob; 0 when not found. */
  readonly total: number
  /** As much of what was asked for as there is. */
  readonly data: Uint8Array
}

export const RANGE_CODECS: CodecTable<BlobRangeRequest> = {
  'blob-range': {
    code: 27,
    bodyBytes: () => HASH_BYTES + 4,
    write: (writer, { hash, from, length }) => {
      writeBytes(writer, hash)
      writeU16(writer, from)
      writeU16(writer, length)
    },
    read: (reader, request) => {
      const hash = readBytes(reader, HASH_BYTES)
      const from = readU16(reader)
      const length = readU16(reader)
      if (length === 0) throw malformed('zero-count')
      return { kind: 'blob-range', request, hash, from, length }
    },
  },
}

export const RANGE_REPLY_CODECS: CodecTable<BlobPartReply> = {
  'blob-part': {
    code: 146,
    bodyBytes: ({ data }) => 3 + data.length,
    write: (writer, { found, total, data }) => {
      writeU8(writer, found ? 1 : 0)
      writeU16(writer, total)
      writeBytes(writer, data)
    },
    read: (reader, request) => {
      const found = readFlag(reader)
      const total = readU16(reader)
      if (total > (found ? MAX_BLOB_BYTES : 0)) throw malformed('bad-length', { total })
      return { kind: 'blob-part', request, found, total, data: readRest(reader, total) }
    },
  },
}
