/**
 * A message: a version byte and a batch of operations. spec/relay.md section 2.
 *
 * A message is decoded whole before anything in it is acted on. Byte strings in the result are views into it.
 */
import { MAX_MESSAGE_BYTES, MAX_OPERATIONS, WIRE_VERSION } from '../limits.js'
import { ABOUT_REPLY_CODECS, type AboutReply } from './about-replies.js'
import { BLOB_CODECS, type BlobRequest } from './blob-requests.js'
import { BUCKET_REPLY_CODECS, type BucketsReply } from './bucket-replies.js'
import { BUCKET_CODECS, type BucketRequest } from './bucket-requests.js'
import {
  malformed,
  readU8,
  readU16,
  readU24,
  readU32,
  remainingBytes,
  type WireReader,
  type WireWriter,
  wireReader,
  writerOver,
  writeU8,
  writeU16,
  writeU24,
  writeU32,
} from './bytes.js'
import { CHANNEL_CODECS, type ChannelRequest } from './channel-requests.js'
import { DEPOSIT_CODECS, type DepositRequests } from './deposit-requests.js'
import { DIRECTORY_CODECS, type DirectoryRequest } from './directory-requests.js'
import { HOP_CODECS, type HopRequest } from './hop-requests.js'
import { LOG_REPLY_CODECS, type LogReply } from './log-replies.js'
import { LOG_CODECS, type LogRequest } from './log-requests.js'
import { MAILBOX_REPLY_CODECS, type MailboxReply } from './mailbox-replies.js'
import { MAILBOX_CODECS, type MailboxRequest } from './mailbox-requests.js'
import type { CodecTable, Operation, OperationCodec } from './operation.js'
import { PAYMENT_CODECS, type PaymentRequest } from './payment-requests.js'
import { PUSH_CODECS, type PushRequest } from './push-requests.js'
import {
  type BlobPartReply,
  type BlobRangeRequest,
  RANGE_CODECS,
  RANGE_REPLY_CODECS,
} from './range-requests.js'
import {
  RECORD_BUCKET_CODECS,
  RECORD_BUCKET_REPLY_CODECS,
  type RecordBucketReply,
  type RecordBucketRequest,
} from './record-bucket.js'
import { RESULT_REPLY_CODECS, type ResultReply } from './result-replies.js'
import { SERVICE_REPLY_CODECS, type ServiceReply } from './service-replies.js'
import { TICKETED_CODECS, type TicketedRequest } from './ticketed-requests.js'

export type Request =
  | MailboxRequest
  | DirectoryRequest
  | BlobRequest
  | DepositRequests
  | BucketRequest
  | LogRequest
  | ChannelRequest
  | BlobRangeRequest
  | RecordBucketRequest
  | PaymentRequest
  | HopRequest
  | PushRequest
  | TicketedRequest
export type Reply =
  | MailboxReply
  | ResultReply
  | AboutReply
  | BucketsReply
  | LogReply
  | BlobPartReply
  | RecordBucketReply
  | ServiceReply

/** A request of a later version; to be answered with `unsupported`. */
export interface UnknownRequest {
  readonly kind: 'unknown'
  readonly request: number
  readonly code: number
}

export const MESSAGE_HEADER_BYTES = 4
export const OPERATION_HEADER_BYTES = 8

const REQUESTS: CodecTable<Request> = {
  ...MAILBOX_CODECS,
  ...DIRECTORY_CODECS,
  ...BLOB_CODECS,
  ...DEPOSIT_CODECS,
  ...BUCKET_CODECS,
  ...LOG_CODECS,
  ...CHANNEL_CODECS,
  ...RANGE_CODECS,
  ...RECORD_BUCKET_CODECS,
  ...PAYMENT_CODECS,
  ...HOP_CODECS,
  ...PUSH_CODECS,
  ...TICKETED_CODECS,
}
const REPLIES: CodecTable<Reply> = {
  ...MAILBOX_REPLY_CODECS,
  ...RESULT_REPLY_CODECS,
  ...ABOUT_REPLY_CODECS,
  ...BUCKET_REPLY_CODECS,
  ...LOG_REPLY_CODECS,
  ...RANGE_REPLY_CODECS,
  ...RECORD_BUCKET_REPLY_CODECS,
  ...SERVICE_REPLY_CODECS,
}

type AnyCodec = OperationCodec<Operation>

function byCode(table: object): readonly (AnyCodec | undefined)[] {
  const list: (AnyCodec | undefined)[] = new Array(256).fill(undefined)
  for (const codec of Object.values(table) as AnyCodec[]) list[codec.code] = codec
  return list
}

const REQUESTS_BY_CODE = byCode(REQUESTS)
const REPLIES_BY_CODE = byCode(REPLIES)

function codecOf(table: object, kind: string): AnyCodec {
  return (table as Readonly<Record<string, AnyCodec>>)[kind] as AnyCodec
}

/** The code of a kind of request. */
export function requestCode(kind: Request['kind']): number {
  return REQUESTS[kind].code
}

/** Bytes the request takes inside a message. */
export function requestBytes(request: Request): number {
  return OPERATION_HEADER_BYTES + codecOf(REQUESTS, request.kind).bodyBytes(request)
}

/** Bytes the answer takes inside a message. */
export function replyBytes(reply: Reply): number {
  return OPERATION_HEADER_BYTES + codecOf(REPLIES, reply.kind).bodyBytes(reply)
}

function writeOperation(writer: WireWriter, codec: AnyCodec, operation: Operation): void {
  const start = writer.offset
  writer.offset = start + OPERATION_HEADER_BYTES
  codec.write(writer, operation)
  const end = writer.offset
  writer.offset = start
  writeU8(writer, codec.code)
  writeU24(writer, end - start - OPERATION_HEADER_BYTES)
  writeU32(writer, operation.request)
  writer.offset = end
}

const newBytes = (length: number): Uint8Array => new Uint8Array(length)

function encode(
  table: object,
  operations: readonly Operation[],
  room = 0,
  allocate: (length: number) => Uint8Array = newBytes,
): Uint8Array {
  let length = MESSAGE_HEADER_BYTES
  for (const operation of operations)
    length += OPERATION_HEADER_BYTES + codecOf(table, operation.kind).bodyBytes(operation)
  const count = operations.length
  if (count === 0 || count > MAX_OPERATIONS || length > MAX_MESSAGE_BYTES)
    throw malformed('message-too-large', { count, length })
  const writer = writerOver(allocate(room + length))
  writer.offset = room
  writeU8(writer, WIRE_VERSION)
  writeU16(writer, count)
  writeU8(writer, 0)
  for (const operation of operations) writeOperation(writer, codecOf(table, operation.kind), operation)
  // Nothing that lay in the memory before may leave with the message.
  if (writer.offset !== writer.bytes.length)
    throw new RangeError('a codec has written less or more than it said')
  return writer.bytes
}

/** 1..1,024 requests. @throws RelayCarrierError `relay-carrier/malformed` when they exceed a message */
export function encodeRequests(requests: readonly Request[]): Uint8Array {
  return encode(REQUESTS, requests)
}

/**
 * 1..1,024 answers. `room` bytes are left free before the message, for the header of a carrier's frame: they hold
 * what `allocate` has left there; what it gives need not be zero.
 * @throws RelayCarrierError `relay-carrier/malformed` when they exceed a message
 */
export function encodeReplies(
  replies: readonly Reply[],
  room = 0,
  allocate?: (length: number) => Uint8Array,
): Uint8Array {
  return encode(REPLIES, replies, room, allocate)
}

function readHeader(reader: WireReader): number {
  if (reader.end > MAX_MESSAGE_BYTES) throw malformed('message-too-large', { length: reader.end })
  const version = readU8(reader)
  if (version !== WIRE_VERSION) throw malformed('bad-version', { version })
  const count = readU16(reader)
  if (readU8(reader) !== 0) throw malformed('reserved-bits')
  if (count === 0 || count > MAX_OPERATIONS) throw malformed('bad-count', { count })
  if (count * OPERATION_HEADER_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  return count
}

function readBody(reader: WireReader, codec: AnyCodec, length: number, request: number): Operation {
  const end = reader.end
  reader.end = reader.offset + length
  const operation = codec.read(reader, request)
  if (reader.offset !== reader.end) throw malformed('trailing-bytes', { left: remainingBytes(reader) })
  reader.end = end
  return operation
}

function decode(bytes: Uint8Array, table: readonly (AnyCodec | undefined)[], unknown: boolean): Operation[] {
  const reader = wireReader(bytes)
  const count = readHeader(reader)
  const operations: Operation[] = []
  for (let i = 0; i < count; i++) {
    const code = readU8(reader)
    const length = readU24(reader)
    const request = readU32(reader)
    if (length > remainingBytes(reader)) throw malformed('truncated', { needed: length })
    const codec = table[code]
    if (codec !== undefined) operations.push(readBody(reader, codec, length, request))
    else if (unknown) {
      reader.offset += length
      operations.push({ kind: 'unknown', request, code } as UnknownRequest)
    } else throw malformed('unknown-operation', { code })
  }
  if (remainingBytes(reader) !== 0) throw malformed('trailing-bytes', { left: remainingBytes(reader) })
  return operations
}

/** @throws RelayCarrierError `relay-carrier/malformed`; also for a request numbered 0 */
export function decodeRequests(bytes: Uint8Array): (Request | UnknownRequest)[] {
  const requests = decode(bytes, REQUESTS_BY_CODE, true) as (Request | UnknownRequest)[]
  for (const { request } of requests) if (request === 0) throw malformed('zero-request')
  return requests
}

/** @throws RelayCarrierError `relay-carrier/malformed` */
export function decodeReplies(bytes: Uint8Array): Reply[] {
  return decode(bytes, REPLIES_BY_CODE, false) as Reply[]
}
