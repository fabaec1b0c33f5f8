/** Blob requests and ping. spec/relay.md section 2.1. */
import { MAX_BLOB_BYTES } from '../limits.js'
import { readBytes, readRest, writeBytes } from './bytes.js'
import { type CodecTable, HASH_BYTES } from './operation.js'

export interface BlobPutRequest {
  readonly kind: 'blob-put'
  readonly request: number
  readonly hash: Uint8Array
  readonly data: Uint8Array
}

export interface BlobGetRequest {
  readonly kind: 'blob-get'
  readonly request: number
  readonly hash: Uint8Array
}

export interface BlobHasRequest {
  readonly kind: 'blob-has'
  readonly request: number
  readonly hash: Uint8Array
}

/** Asks for a sign of life: browsers cannot send a WebSocket ping. */
export interface PingRequest {
  readonly kind: 'ping'
  readonly request: number
}

export type BlobRequest = BlobPutRequest | BlobGetRequest | BlobHasRequest | PingRequest

export const BLOB_CODECS: CodecTable<BlobRequest> = {
  'blob-put': {
    code: 13,
    bodyBytes: ({ data }) => HASH_BYTES + data.length,
    write: (writer, { hash, data }) => {
      writeBytes(writer, hash)
      writeBytes(writer, data)
    },
    read: (reader, request) => ({
      kind: 'blob-put',
      request,
      hash: readBytes(reader, HASH_BYTES),
      data: readRest(reader, MAX_BLOB_BYTES),
    }),
  },
  'blob-get': {
    code: 14,
    bodyBytes: () => HASH_BYTES,
    write: (writer, { hash }) => writeBytes(writer, hash),
    read: (reader, request) => ({ kind: 'blob-get', request, hash: readBytes(reader, HASH_BYTES) }),
  },
  'blob-has': {
    code: 15,
    bodyBytes: () => HASH_BYTES,
    write: (writer, { hash }) => writeBytes(writer, hash),
    read: (reader, request) => ({ kind: 'blob-has', request, hash: readBytes(reader, HASH_BYTES) }),
  },
  ping: {
    code: 16,
    bodyBytes: () => 0,
    write: () => {},
    read: (_reader, request) => ({ kind: 'ping', request }),
  },
}
