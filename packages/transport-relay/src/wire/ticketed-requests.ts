/**
 * Writing blobs, entries of logs and stocks with a ticket: the plain request behind it. spec/relay.md section 3.7.
 */
import { concatBytes, type StockUpload, utf8 } from '@hyphae/core'
import { encodeStockUpload } from '@hyphae/tlv'
import { BLOB_CODECS } from './blob-requests.js'
import { wireWriter, writeU64 } from './bytes.js'
import { DIRECTORY_CODECS } from './directory-requests.js'
import { LOG_CODECS } from './log-requests.js'
import { type CodecTable, ID_BYTES, KEY_BYTES } from './operation.js'
import { readTicket, type Ticket, type TtlClass, ticketBytes, writeTicket } from './ticket.js'
import type { Sha256, WorkSubject } from './work.js'

export interface BlobDepositRequest {
  readonly kind: 'blob-deposit'
  readonly request: number
  readonly ticket: Ticket
  readonly hash: Uint8Array
  readonly data: Uint8Array
}

/** The log's id must be open on this connection, like a box. */
export interface LogDepositRequest {
  readonly kind: 'log-deposit'
  readonly request: number
  readonly ticket: Ticket
  readonly log: Uint8Array
  readonly position: number
  readonly ttl: TtlClass
  readonly entry: Uint8Array
}

export interface StockDepositRequest {
  readonly kind: 'stock-deposit'
  readonly request: number
  readonly ticket: Ticket
  readonly upload: StockUpload
}

export type TicketedRequest = BlobDepositRequest | LogDepositRequest | StockDepositRequest

const { 'blob-put': BLOB } = BLOB_CODECS
const { 'log-append': ENTRY } = LOG_CODECS
const { stock: STOCK } = DIRECTORY_CODECS

export const TICKETED_CODECS: CodecTable<TicketedRequest> = {
  'blob-deposit': {
    code: 64,
    bodyBytes: (put) => ticketBytes(put.ticket) + BLOB.bodyBytes({ ...put, kind: 'blob-put' }),
    write: (writer, put) => {
      writeTicket(writer, put.ticket)
      BLOB.write(writer, { ...put, kind: 'blob-put' })
    },
    read: (reader, request) => {
      const ticket = readTicket(reader)
      return { ...BLOB.read(reader, request), kind: 'blob-deposit', ticket }
    },
  },
  'log-deposit': {
    code: 65,
    bodyBytes: (put) => ticketBytes(put.ticket) + ENTRY.bodyBytes({ ...put, kind: 'log-append' }),
    write: (writer, put) => {
      writeTicket(writer, put.ticket)
      ENTRY.write(writer, { ...put, kind: 'log-append' })
    },
    read: (reader, request) => {
      const ticket = readTicket(reader)
      return { ...ENTRY.read(reader, request), kind: 'log-deposit', ticket }
    },
  },
  'stock-deposit': {
    code: 66,
    bodyBytes: (put) => ticketBytes(put.ticket) + STOCK.bodyBytes({ ...put, kind: 'stock' }),
    write: (writer, put) => {
      writeTicket(writer, put.ticket)
      STOCK.write(writer, { ...put, kind: 'stock' })
    },
    read: (reader, request) => {
      const ticket = readTicket(reader)
      return { ...STOCK.read(reader, request), kind: 'stock-deposit', ticket }
    },
  },
}

/** What stands for the box where a capability, work or payment is for blobs: no key has such a public half. */
export const BLOBS_SUBJECT: Uint8Array = /* @__PURE__ */ (() => {
  const bytes = new Uint8Array(KEY_BYTES)
  bytes.set(utf8('hyphae relay blobs v1'))
  return bytes
})()

/** What a ticket for a blob is bound to. */
export function blobSubject(hash: Uint8Array, data: Uint8Array): WorkSubject {
  return { box: BLOBS_SUBJECT, id: hash.slice(0, ID_BYTES), frame: data }
}

/** What a ticket for an entry is bound to: its log, its place and itself. */
export function entrySubject(
  log: Uint8Array,
  position: number,
  entry: Uint8Array,
  sha256: Sha256,
): WorkSubject {
  const writer = wireWriter(8)
  writeU64(writer, position)
  return { box: log, id: sha256(concatBytes(log, writer.bytes, entry)).slice(0, ID_BYTES), frame: entry }
}

/** What a ticket for an upload is bound to: its writer and all of it. */
export function stockSubject(upload: StockUpload, sha256: Sha256): WorkSubject {
  const frame = encodeStockUpload(upload)
  return { box: upload.writer, id: sha256(frame).slice(0, ID_BYTES), frame }
}
