/** What a box asks, what a channel says, what the relay offers. spec/relay.md section 2.2. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import { MAX_DESCRIPTION_BYTES } from '../limits.js'
import {
  malformed,
  readFlag,
  readRest,
  readShort,
  readU8,
  remainingBytes,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeShort,
  writeU8,
} from './bytes.js'
import { type BoxTerms, readTerms, TERMS_BYTES, writeTerms } from './deposit-requests.js'
import { assertFrame, type CodecTable } from './operation.js'

export interface TermsReply {
  readonly kind: 'terms'
  readonly request: number
  /** Undefined: the owner has set none, the relay's own hold. */
  readonly terms: BoxTerms | undefined
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

export type AboutReply = TermsReply | HeardReply | DescriptionReply

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

export const ABOUT_REPLY_CODECS: CodecTable<AboutReply> = {
  terms: {
    code: 138,
    bodyBytes: ({ terms }) => (terms === undefined ? 1 : 1 + TERMS_BYTES),
    write: (writer, { terms }) => {
      writeU8(writer, terms === undefined ? 0 : 1)
      if (terms !== undefined) writeTerms(writer, terms)
    },
    read: readTermsReply,
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
