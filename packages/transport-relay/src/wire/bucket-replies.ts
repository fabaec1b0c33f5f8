/** What is read of a bucket, and what its watches push. spec/relay.md section 2.2. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import {
  malformed,
  readBytes,
  readFlag,
  readRest,
  readShort,
  readU16,
  readU64,
  remainingBytes,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeShort,
  writeU8,
  writeU16,
  writeU64,
} from './bytes.js'
import { assertFrame, type CodecTable } from './operation.js'

/** A frame of some box of a bucket. */
export interface BucketFrame {
  readonly cursor: number
  /** 8 bytes that only who knows the box id can tell from random: `bucketHint`. */
  readonly hint: Uint8Array
  readonly frame: Uint8Array
}

export interface BucketReply {
  readonly kind: 'bucket'
  readonly request: number
  readonly more: boolean
  /** Where to go on: frames of other boxes may lie between the last one here and it. */
  readonly next: number
  readonly frames: readonly BucketFrame[]
}

export interface BucketPushedReply extends BucketFrame {
  readonly kind: 'bucket-pushed'
  readonly request: number
}

/** Something has come into the bucket since the last credit. */
export interface WakeReply {
  readonly kind: 'wake'
  readonly request: number
}

export type BucketsReply = BucketReply | BucketPushedReply | WakeReply

export const HINT_BYTES = 8

/** Cursor, hint, length and the smallest frame: bounds a count before its array grows. */
const MIN_BUCKET_FRAME_BYTES: number = 8 + HINT_BYTES + 2 + 128

function bucketBytes({ frames }: BucketReply): number {
  return frames.reduce((length, { frame }) => length + 18 + frame.length, 11)
}

function writeBucket(writer: WireWriter, { more, next, frames }: BucketReply): void {
  writeU8(writer, more ? 1 : 0)
  writeU64(writer, next)
  writeU16(writer, frames.length)
  for (const { cursor, hint, frame } of frames) {
    writeU64(writer, cursor)
    writeBytes(writer, hint)
    writeShort(writer, frame)
  }
}

function readBucket(reader: WireReader, request: number): BucketReply {
  const more = readFlag(reader)
  const next = readU64(reader)
  const count = readU16(reader)
  if (count * MIN_BUCKET_FRAME_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const frames: BucketFrame[] = []
  for (let i = 0; i < count; i++) {
    const cursor = readU64(reader)
    const hint = readBytes(reader, HINT_BYTES)
    frames.push({ cursor, hint, frame: assertFrame(readShort(reader, MAX_FRAME_BYTES)) })
  }
  return { kind: 'bucket', request, more, next, frames }
}

export const BUCKET_REPLY_CODECS: CodecTable<BucketsReply> = {
  bucket: { code: 139, bodyBytes: bucketBytes, write: writeBucket, read: readBucket },
  'bucket-pushed': {
    code: 140,
    bodyBytes: ({ frame }) => 8 + HINT_BYTES + frame.length,
    write: (writer, { cursor, hint, frame }) => {
      writeU64(writer, cursor)
      writeBytes(writer, hint)
      writeBytes(writer, frame)
    },
    read: (reader, request) => ({
      kind: 'bucket-pushed',
      request,
      cursor: readU64(reader),
      hint: readBytes(reader, HINT_BYTES),
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  wake: {
    code: 141,
    bodyBytes: () => 0,
    write: () => {},
    read: (_reader, request) => ({ kind: 'wake', request }),
  },
}
