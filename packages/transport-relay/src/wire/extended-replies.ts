/** Answers to the requests of codes 17 to 26, and what their watches push. spec/relay.md section 2.2. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import { MAX_DESCRIPTION_BYTES, MAX_LOG_ENTRY_BYTES } from '../limits.js'
import {
  malformed,
  readBytes,
  readFlag,
  readRest,
  readShort,
  readU8,
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
import { type BoxTerms, readTerms, TERMS_BYTES, writeTerms } from './deposit-requests.js'
import { assertFrame, type CodecTable } from './operation.js'

export interface TermsReply {
  readonly kind: 'terms'
  readonly request: number
  /** Undefined: the owner has set none, the relay's own hold. */
  readonly terms: BoxTerms | undefined
}

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

/** Nothing was appended. */
export interface LogConflictReply {
  readonly kind: 'log-conflict'
  readonly request: number
  /** The next free place. */
  readonly next: number
  /** What holds the place that was asked for; empty when nothing does, or not any more. */
  readonly entry: Uint8Array
}

export interface LogEntriesReply {
  readonly kind: 'log-entries'
  readonly request: number
  /** Place of the first entry here; greater than asked for when older ones are gone. */
  readonly from: number
  /** The next free place of the log. */
  readonly next: number
  readonly entries: readonly Uint8Array[]
}

export interface HeardReply {
  readonly kind: 'heard'
  readonly request: number
  readonly frame: Uint8Array
}

export interface DescriptionField {
  readonly key: number
  readonly value: Uint8Array
}

export interface DescriptionReply {
  readonly kind: 'description'
  readonly request: number
  /** Keys rise. Those of a later version are kept as they are. */
  readonly fields: readonly DescriptionField[]
}

export type ExtendedReply =
  | TermsReply
  | BucketReply
  | BucketPushedReply
  | WakeReply
  | LogConflictReply
  | LogEntriesReply
  | HeardReply
  | DescriptionReply

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

/** Length and one byte. */
const MIN_ENTRY_BYTES = 5

function readEntries(reader: WireReader, request: number): LogEntriesReply {
  const from = readU64(reader)
  const next = readU64(reader)
  const count = readU16(reader)
  if (count * MIN_ENTRY_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const entries: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const length = readU32(reader)
    if (length === 0 || length > MAX_LOG_ENTRY_BYTES) throw malformed('bad-length', { length })
    entries.push(readBytes(reader, length))
  }
  return { kind: 'log-entries', request, from, next, entries }
}

function writeEntries(writer: WireWriter, { from, next, entries }: LogEntriesReply): void {
  writeU64(writer, from)
  writeU64(writer, next)
  writeU16(writer, entries.length)
  for (const entry of entries) {
    writeU32(writer, entry.length)
    writeBytes(writer, entry)
  }
}

/** Key, length. */
const MIN_FIELD_BYTES = 3

function readDescription(reader: WireReader, request: number): DescriptionReply {
  const count = readU8(reader)
  if (count * MIN_FIELD_BYTES > remainingBytes(reader)) throw malformed('truncated', { count })
  const fields: DescriptionField[] = []
  let last = -1
  for (let i = 0; i < count; i++) {
    const key = readU8(reader)
    if (key <= last) throw malformed('wrong-order', { key })
    last = key
    fields.push({ key, value: readShort(reader, MAX_DESCRIPTION_BYTES) })
  }
  return { kind: 'description', request, fields }
}

function writeDescription(writer: WireWriter, { fields }: DescriptionReply): void {
  writeU8(writer, fields.length)
  for (const { key, value } of fields) {
    writeU8(writer, key)
    writeShort(writer, value)
  }
}

function readTermsReply(reader: WireReader, request: number): TermsReply {
  return { kind: 'terms', request, terms: readFlag(reader) ? readTerms(reader) : undefined }
}

export const EXTENDED_REPLY_CODECS: CodecTable<ExtendedReply> = {
  terms: {
    code: 138,
    bodyBytes: ({ terms }) => (terms === undefined ? 1 : 1 + TERMS_BYTES),
    write: (writer, { terms }) => {
      writeU8(writer, terms === undefined ? 0 : 1)
      if (terms !== undefined) writeTerms(writer, terms)
    },
    read: readTermsReply,
  },
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
  'log-conflict': {
    code: 142,
    bodyBytes: ({ entry }) => 8 + entry.length,
    write: (writer, { next, entry }) => {
      writeU64(writer, next)
      writeBytes(writer, entry)
    },
    read: (reader, request) => ({
      kind: 'log-conflict',
      request,
      next: readU64(reader),
      entry: readRest(reader, MAX_LOG_ENTRY_BYTES),
    }),
  },
  'log-entries': {
    code: 143,
    bodyBytes: ({ entries }) => entries.reduce((length, entry) => length + 4 + entry.length, 18),
    write: writeEntries,
    read: readEntries,
  },
  heard: {
    code: 144,
    bodyBytes: ({ frame }) => frame.length,
    write: (writer, { frame }) => writeBytes(writer, frame),
    read: (reader, request) => ({
      kind: 'heard',
      request,
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  description: {
    code: 145,
    bodyBytes: ({ fields }) => fields.reduce((length, { value }) => length + 3 + value.length, 1),
    write: writeDescription,
    read: readDescription,
  },
}
