/** Mailbox requests: open, put, fetch, ack, watch, credit, unwatch. spec/relay.md section 2.1. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import {
  malformed,
  readBytes,
  readRest,
  readU16,
  readU32,
  readU64,
  type WireReader,
  writeBytes,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.js'
import { assertFrame, type CodecTable, ID_BYTES, KEY_BYTES, SIGNATURE_BYTES } from './operation.js'

export interface OpenRequest {
  readonly kind: 'open'
  readonly request: number
  readonly box: Uint8Array
  readonly signature: Uint8Array
}

export interface PutRequest {
  readonly kind: 'put'
  readonly request: number
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
}

export interface FetchRequest {
  readonly kind: 'fetch'
  readonly request: number
  readonly box: Uint8Array
  readonly after: number
  readonly limit: number
}

export interface AckRequest {
  readonly kind: 'ack'
  readonly request: number
  readonly box: Uint8Array
  readonly cursor: number
}

export interface WatchRequest {
  readonly kind: 'watch'
  readonly request: number
  readonly box: Uint8Array
  readonly window: number
}

export interface CreditRequest {
  readonly kind: 'credit'
  readonly request: number
  readonly watch: number
  readonly count: number
}

export interface UnwatchRequest {
  readonly kind: 'unwatch'
  readonly request: number
  readonly watch: number
}

export type MailboxRequest =
  | OpenRequest
  | PutRequest
  | FetchRequest
  | AckRequest
  | WatchRequest
  | CreditRequest
  | UnwatchRequest

function readPositiveU16(reader: WireReader): number {
  const value = readU16(reader)
  if (value === 0) throw malformed('zero-count')
  return value
}

export const MAILBOX_CODECS: CodecTable<MailboxRequest> = {
  open: {
    code: 1,
    bodyBytes: () => KEY_BYTES + SIGNATURE_BYTES,
    write: (writer, { box, signature }) => {
      writeBytes(writer, box)
      writeBytes(writer, signature)
    },
    read: (reader, request) => ({
      kind: 'open',
      request,
      box: readBytes(reader, KEY_BYTES),
      signature: readBytes(reader, SIGNATURE_BYTES),
    }),
  },
  put: {
    code: 2,
    bodyBytes: ({ frame }) => KEY_BYTES + ID_BYTES + frame.length,
    write: (writer, { box, id, frame }) => {
      writeBytes(writer, box)
      writeBytes(writer, id)
      writeBytes(writer, frame)
    },
    read: (reader, request) => ({
      kind: 'put',
      request,
      box: readBytes(reader, KEY_BYTES),
      id: readBytes(reader, ID_BYTES),
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  fetch: {
    code: 3,
    bodyBytes: () => KEY_BYTES + 10,
    write: (writer, { box, after, limit }) => {
      writeBytes(writer, box)
      writeU64(writer, after)
      writeU16(writer, limit)
    },
    read: (reader, request) => ({
      kind: 'fetch',
      request,
      box: readBytes(reader, KEY_BYTES),
      after: readU64(reader),
      limit: readPositiveU16(reader),
    }),
  },
  ack: {
    code: 4,
    bodyBytes: () => KEY_BYTES + 8,
    write: (writer, { box, cursor }) => {
      writeBytes(writer, box)
      writeU64(writer, cursor)
    },
    read: (reader, request) => ({
      kind: 'ack',
      request,
      box: readBytes(reader, KEY_BYTES),
      cursor: readU64(reader),
    }),
  },
  watch: {
    code: 5,
    bodyBytes: () => KEY_BYTES + 2,
    write: (writer, { box, window }) => {
      writeBytes(writer, box)
      writeU16(writer, window)
    },
    read: (reader, request) => ({
      kind: 'watch',
      request,
      box: readBytes(reader, KEY_BYTES),
      window: readPositiveU16(reader),
    }),
  },
  credit: {
    code: 6,
    bodyBytes: () => 6,
    write: (writer, { watch, count }) => {
      writeU32(writer, watch)
      writeU16(writer, count)
    },
    read: (reader, request) => ({
      kind: 'credit',
      request,
      watch: readU32(reader),
      count: readPositiveU16(reader),
    }),
  },
  unwatch: {
    code: 7,
    bodyBytes: () => 4,
    write: (writer, { watch }) => writeU32(writer, watch),
    read: (reader, request) => ({ kind: 'unwatch', request, watch: readU32(reader) }),
  },
}
