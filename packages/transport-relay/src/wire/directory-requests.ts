/** Directory requests: publish, lookup, stock, take, remaining. spec/relay.md section 2.1. */
import { type DirectoryRecord, isHyphaeError, type StockUpload } from '@hyphae/core'
import {
  decodeDirectoryRecord,
  decodeStockUpload,
  encodeDirectoryRecord,
  encodeStockUpload,
  MAX_DIRECTORY_BODY_BYTES,
  MAX_STOCK_ITEM_BYTES,
  MAX_STOCK_ITEMS,
} from '@hyphae/tlv'
import { RelayCarrierError } from '../errors.js'
import {
  malformed,
  readBytes,
  readRest,
  readU8,
  remainingBytes,
  type WireReader,
  writeBytes,
  writeU8,
} from './bytes.js'
import { type CodecTable, KEY_BYTES, SIGNATURE_BYTES } from './operation.js'

export interface PublishRequest {
  readonly kind: 'publish'
  readonly request: number
  readonly record: DirectoryRecord
}

export interface LookupRequest {
  readonly kind: 'lookup'
  readonly request: number
  readonly address: Uint8Array
}

export interface StockRequest {
  readonly kind: 'stock'
  readonly request: number
  readonly upload: StockUpload
}

export interface TakeRequest {
  readonly kind: 'take'
  readonly request: number
  readonly writer: Uint8Array
  readonly stock: number
}

export interface RemainingRequest {
  readonly kind: 'remaining'
  readonly request: number
  readonly writer: Uint8Array
  readonly stock: number
}

export type DirectoryRequest = PublishRequest | LookupRequest | StockRequest | TakeRequest | RemainingRequest

/** version, address, writer, sequence, body length, signature */
const RECORD_FIXED_BYTES = 1 + 2 * KEY_BYTES + 8 + 2 + SIGNATURE_BYTES
/** version, writer, kind, sequence, flags, count, last resort length, signature */
const UPLOAD_FIXED_BYTES = 1 + KEY_BYTES + 1 + 8 + 1 + 2 + 2 + SIGNATURE_BYTES

/** Largest encoded record. */
export const MAX_RECORD_BYTES: number = RECORD_FIXED_BYTES + MAX_DIRECTORY_BODY_BYTES

const MAX_UPLOAD_BYTES =
  UPLOAD_FIXED_BYTES + MAX_STOCK_ITEM_BYTES + MAX_STOCK_ITEMS * (2 + MAX_STOCK_ITEM_BYTES)

/** Length of `encodeDirectoryRecord(record)` without encoding it. */
export function recordBytes(record: DirectoryRecord): number {
  return RECORD_FIXED_BYTES + record.body.length
}

function uploadBytes({ lastResort, items }: StockUpload): number {
  let length = UPLOAD_FIXED_BYTES + lastResort.length
  for (const item of items) length += 2 + item.length
  return length
}

/** What spec/directory.md refuses is malformed here. */
function inside<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (!isHyphaeError(cause)) throw cause
    throw new RelayCarrierError('relay-carrier/malformed', { details: { reason: cause.code }, cause })
  }
}

/** Reads `length` bytes as one record. */
export function readDirectoryRecord(reader: WireReader, length: number): DirectoryRecord {
  if (length > MAX_RECORD_BYTES) throw malformed('bad-length', { length })
  return inside(() => decodeDirectoryRecord(readBytes(reader, length)))
}

function readUpload(reader: WireReader): StockUpload {
  return inside(() => decodeStockUpload(readRest(reader, MAX_UPLOAD_BYTES)))
}

export const DIRECTORY_CODECS: CodecTable<DirectoryRequest> = {
  publish: {
    code: 8,
    bodyBytes: ({ record }) => recordBytes(record),
    write: (writer, { record }) => writeBytes(writer, encodeDirectoryRecord(record)),
    read: (reader, request) => ({
      kind: 'publish',
      request,
      record: readDirectoryRecord(reader, remainingBytes(reader)),
    }),
  },
  lookup: {
    code: 9,
    bodyBytes: () => KEY_BYTES,
    write: (writer, { address }) => writeBytes(writer, address),
    read: (reader, request) => ({ kind: 'lookup', request, address: readBytes(reader, KEY_BYTES) }),
  },
  stock: {
    code: 10,
    bodyBytes: ({ upload }) => uploadBytes(upload),
    write: (writer, { upload }) => writeBytes(writer, encodeStockUpload(upload)),
    read: (reader, request) => ({ kind: 'stock', request, upload: readUpload(reader) }),
  },
  take: {
    code: 11,
    bodyBytes: () => KEY_BYTES + 1,
    write: (out, { writer, stock }) => {
      writeBytes(out, writer)
      writeU8(out, stock)
    },
    read: (reader, request) => ({
      kind: 'take',
      request,
      writer: readBytes(reader, KEY_BYTES),
      stock: readU8(reader),
    }),
  },
  remaining: {
    code: 12,
    bodyBytes: () => KEY_BYTES + 1,
    write: (out, { writer, stock }) => {
      writeBytes(out, writer)
      writeU8(out, stock)
    },
    read: (reader, request) => ({
      kind: 'remaining',
      request,
      writer: readBytes(reader, KEY_BYTES),
      stock: readU8(reader),
    }),
  },
}
