/** Directory and blob results of the relay. spec/relay.md section 2.2. */
import type { DirectoryRecord } from '@hyphae/core'
import { encodeDirectoryRecord, MAX_STOCK_ITEM_BYTES } from '@hyphae/tlv'
import { MAX_BLOB_BYTES, MAX_WRITERS } from '../limits.js'
import {
  malformed,
  readFlag,
  readRest,
  readU8,
  readU16,
  readU32,
  type WireReader,
  writeBytes,
  writeU8,
  writeU16,
  writeU32,
} from './bytes.js'
import { readDirectoryRecord, recordBytes } from './directory-requests.js'
import type { CodecTable } from './operation.js'

export interface RecordsReply {
  readonly kind: 'records'
  readonly request: number
  readonly records: readonly DirectoryRecord[]
}

export interface ItemReply {
  readonly kind: 'item'
  readonly request: number
  readonly found: 'none' | 'one-time' | 'last-resort'
  /** Empty when none. */
  readonly item: Uint8Array
}

export interface CountReply {
  readonly kind: 'count'
  readonly request: number
  readonly value: number
}

export interface BlobReply {
  readonly kind: 'blob'
  readonly request: number
  readonly found: boolean
  /** Empty when not found. */
  readonly data: Uint8Array
}

export interface FlagReply {
  readonly kind: 'flag'
  readonly request: number
  readonly value: boolean
}

export type ResultReply = RecordsReply | ItemReply | CountReply | BlobReply | FlagReply

const FOUND = ['none', 'one-time', 'last-resort'] as const

function readRecords(reader: WireReader, request: number): RecordsReply {
  const count = readU8(reader)
  if (count > MAX_WRITERS) throw malformed('too-many-records', { count })
  const records: DirectoryRecord[] = []
  for (let i = 0; i < count; i++) records.push(readDirectoryRecord(reader, readU16(reader)))
  return { kind: 'records', request, records }
}

function readItem(reader: WireReader, request: number): ItemReply {
  const found = FOUND[readU8(reader)]
  if (found === undefined) throw malformed('bad-flag')
  const item = found === 'none' ? readRest(reader, 0) : readRest(reader, MAX_STOCK_ITEM_BYTES, 1)
  return { kind: 'item', request, found, item }
}

function readBlob(reader: WireReader, request: number): BlobReply {
  const found = readFlag(reader)
  return { kind: 'blob', request, found, data: readRest(reader, found ? MAX_BLOB_BYTES : 0) }
}

export const RESULT_REPLY_CODECS: CodecTable<ResultReply> = {
  records: {
    code: 133,
    bodyBytes: ({ records }) => records.reduce((length, record) => length + 2 + recordBytes(record), 1),
    write: (writer, { records }) => {
      writeU8(writer, records.length)
      for (const record of records) {
        writeU16(writer, recordBytes(record))
        writeBytes(writer, encodeDirectoryRecord(record))
      }
    },
    read: readRecords,
  },
  item: {
    code: 134,
    bodyBytes: ({ item }) => 1 + item.length,
    write: (writer, { found, item }) => {
      writeU8(writer, FOUND.indexOf(found))
      writeBytes(writer, item)
    },
    read: readItem,
  },
  count: {
    code: 135,
    bodyBytes: () => 4,
    write: (writer, { value }) => writeU32(writer, value),
    read: (reader, request) => ({ kind: 'count', request, value: readU32(reader) }),
  },
  blob: {
    code: 136,
    bodyBytes: ({ data }) => 1 + data.length,
    write: (writer, { found, data }) => {
      writeU8(writer, found ? 1 : 0)
      writeBytes(writer, data)
    },
    read: readBlob,
  },
  flag: {
    code: 137,
    bodyBytes: () => 1,
    write: (writer, { value }) => writeU8(writer, value ? 1 : 0),
    read: (reader, request) => ({ kind: 'flag', request, value: readFlag(reader) }),
  },
}
