/** Looking records up by a bucket: all whose addresses begin with the same bits. spec/relay.md section 4.1. */
import { MAX_DIRECTORY_BODY_BYTES } from '@hyphae/tlv'
import { MAX_RECORD_CURSOR_BYTES } from '../limits.js'
import { type BucketPrefix, PREFIX_BYTES, readPositive, readPrefix, writePrefix } from './bucket-requests.js'
import {
  malformed,
  readBytes,
  readShort,
  readU8,
  readU16,
  remainingBytes,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeShort,
  writeU8,
  writeU16,
} from './bytes.js'
import {
  HIDDEN_FIXED_BYTES,
  type HiddenRecord,
  RECORD_HINT_BYTES,
  RECORD_SALT_BYTES,
} from './hidden-record.js'
import type { CodecTable } from './operation.js'

export interface RecordBucketRequest extends BucketPrefix {
  readonly kind: 'record-bucket'
  readonly request: number
  /** Empty, or what an earlier answer for this bucket said to go on from. */
  readonly after: Uint8Array
  readonly limit: number
}

export interface RecordBucketReply {
  readonly kind: 'record-bucket-part'
  readonly request: number
  /** Where to go on; empty at the end of the bucket. */
  readonly next: Uint8Array
  /** Drawn for this answer. */
  readonly salt: Uint8Array
  readonly records: readonly HiddenRecord[]
}

/** Largest hidden record. */
const MAX_HIDDEN_BYTES: number = HIDDEN_FIXED_BYTES + MAX_DIRECTORY_BODY_BYTES

function writeCursor(writer: WireWriter, cursor: Uint8Array): void {
  writeU8(writer, cursor.length)
  writeBytes(writer, cursor)
}

function readCursor(reader: WireReader): Uint8Array {
  const length = readU8(reader)
  if (length > MAX_RECORD_CURSOR_BYTES) throw malformed('bad-length', { length })
  return readBytes(reader, length)
}

export const RECORD_BUCKET_CODECS: CodecTable<RecordBucketRequest> = {
  'record-bucket': {
    code: 28,
    bodyBytes: ({ after }) => PREFIX_BYTES + 1 + after.length + 2,
    write: (writer, request) => {
      writePrefix(writer, request)
      writeCursor(writer, request.after)
      writeU16(writer, request.limit)
    },
    read: (reader, request) => ({
      kind: 'record-bucket',
      request,
      ...readPrefix(reader),
      after: readCursor(reader),
      limit: readPositive(reader),
    }),
  },
}

/** Hint, length and a record without a body: bounds a count before its array grows. */
const MIN_HIDDEN_BYTES: number = RECORD_HINT_BYTES + 2 + HIDDEN_FIXED_BYTES

function readPart(reader: WireReader, request: number): RecordBucketReply {
  const next = readCursor(reader)
  const salt = readBytes(reader, RECORD_SALT_BYTES)
  const count = readU16(reader)
  if (count * MIN_HIDDEN_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const records: HiddenRecord[] = []
  for (let i = 0; i < count; i++) {
    const hint = readBytes(reader, RECORD_HINT_BYTES)
    records.push({ hint, hidden: readShort(reader, MAX_HIDDEN_BYTES, HIDDEN_FIXED_BYTES) })
  }
  return { kind: 'record-bucket-part', request, next, salt, records }
}

export const RECORD_BUCKET_REPLY_CODECS: CodecTable<RecordBucketReply> = {
  'record-bucket-part': {
    code: 147,
    bodyBytes: ({ next, records }) =>
      records.reduce(
        (length, { hidden }) => length + RECORD_HINT_BYTES + 2 + hidden.length,
        1 + next.length + RECORD_SALT_BYTES + 2,
      ),
    write: (writer, { next, salt, records }) => {
      writeCursor(writer, next)
      writeBytes(writer, salt)
      writeU16(writer, records.length)
      for (const { hint, hidden } of records) {
        writeBytes(writer, hint)
        writeShort(writer, hidden)
      }
    },
    read: readPart,
  },
}
