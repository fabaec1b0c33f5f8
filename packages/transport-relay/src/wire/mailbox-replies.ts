/** What every request may be answered with, and what is read and pushed of a mailbox. spec/relay.md section 2.2. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import {
  malformed,
  readBytes,
  readFlag,
  readRest,
  readShort,
  readU16,
  readU32,
  readU64,
  remainingBytes,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeShort,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.js'
import { assertFrame, type CodecTable, KEY_BYTES } from './operation.js'

export const CHALLENGE_BYTES: number = KEY_BYTES

export interface HelloReply {
  readonly kind: 'hello'
  readonly request: number
  readonly challenge: Uint8Array
}

export interface OkReply {
  readonly kind: 'ok'
  readonly request: number
}

export interface FailureReply {
  readonly kind: 'failure'
  readonly request: number
  /** One of FAILURES, or of a later version. */
  readonly code: number
  /** 0: repeating the request unchanged cannot help. */
  readonly retryAfterMs: number
}

export interface StoredFrame {
  readonly cursor: number
  readonly frame: Uint8Array
}

export interface PushedReply extends StoredFrame {
  readonly kind: 'pushed'
  readonly request: number
}

export interface DeliveriesReply {
  readonly kind: 'deliveries'
  readonly request: number
  readonly more: boolean
  readonly deliveries: readonly StoredFrame[]
}

export type MailboxReply = HelloReply | OkReply | FailureReply | PushedReply | DeliveriesReply

/** Cursor, length and the smallest frame: bounds a count before its array grows. */
const MIN_DELIVERY_BYTES = 8 + 2 + 128

function deliveriesBytes({ deliveries }: DeliveriesReply): number {
  let length = 3
  for (const { frame } of deliveries) length += 10 + frame.length
  return length
}

function writeDeliveries(writer: WireWriter, { more, deliveries }: DeliveriesReply): void {
  writeU8(writer, more ? 1 : 0)
  writeU16(writer, deliveries.length)
  for (const { cursor, frame } of deliveries) {
    writeU64(writer, cursor)
    writeShort(writer, frame)
  }
}

function readDeliveries(reader: WireReader, request: number): DeliveriesReply {
  const more = readFlag(reader)
  const count = readU16(reader)
  if (count * MIN_DELIVERY_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const deliveries: StoredFrame[] = []
  for (let i = 0; i < count; i++) {
    const cursor = readU64(reader)
    deliveries.push({ cursor, frame: assertFrame(readShort(reader, MAX_FRAME_BYTES)) })
  }
  return { kind: 'deliveries', request, more, deliveries }
}

export const MAILBOX_REPLY_CODECS: CodecTable<MailboxReply> = {
  hello: {
    code: 128,
    bodyBytes: () => CHALLENGE_BYTES,
    write: (writer, { challenge }) => writeBytes(writer, challenge),
    read: (reader, request) => ({ kind: 'hello', request, challenge: readBytes(reader, CHALLENGE_BYTES) }),
  },
  ok: {
    code: 129,
    bodyBytes: () => 0,
    write: () => {},
    read: (_reader, request) => ({ kind: 'ok', request }),
  },
  failure: {
    code: 130,
    bodyBytes: () => 6,
    write: (writer, { code, retryAfterMs }) => {
      writeU16(writer, code)
      writeU32(writer, retryAfterMs)
    },
    read: (reader, request) => ({
      kind: 'failure',
      request,
      code: readU16(reader),
      retryAfterMs: readU32(reader),
    }),
  },
  pushed: {
    code: 131,
    bodyBytes: ({ frame }) => 8 + frame.length,
    write: (writer, { cursor, frame }) => {
      writeU64(writer, cursor)
      writeBytes(writer, frame)
    },
    read: (reader, request) => ({
      kind: 'pushed',
      request,
      cursor: readU64(reader),
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  deliveries: { code: 132, bodyBytes: deliveriesBytes, write: writeDeliveries, read: readDeliveries },
}
