/** Reading a bucket: all boxes whose ids begin with the same bits. spec/relay.md section 3.3. */
import { MAX_BUCKET_BITS } from '../limits.js'
import {
  malformed,
  readU8,
  readU16,
  readU32,
  readU64,
  type WireReader,
  type WireWriter,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.js'
import type { CodecTable } from './operation.js'

export interface BucketPrefix {
  /** 0..24; 0 is everything the relay holds. */
  readonly bits: number
  /** The first `bits` bits of the box ids, or of the addresses of records, as a number, most significant first. */
  readonly prefix: number
}

export interface BucketFetchRequest extends BucketPrefix {
  readonly kind: 'bucket-fetch'
  readonly request: number
  /** 0, or what an earlier answer for this bucket said to go on from. */
  readonly after: number
  readonly limit: number
}

export interface BucketWatchRequest extends BucketPrefix {
  readonly kind: 'bucket-watch'
  readonly request: number
  readonly after: number
  /** `wake`: says that there is something; `push`: sends it. Either takes one credit. */
  readonly mode: 'wake' | 'push'
  readonly window: number
}

export type BucketRequest = BucketFetchRequest | BucketWatchRequest

export const PREFIX_BYTES = 5
const MODES = ['wake', 'push'] as const

/** The bucket of a box id, or of the address of a record. */
export function bucketOf(box: Uint8Array, bits: number): BucketPrefix {
  const head = new DataView(box.buffer, box.byteOffset, 4).getUint32(0)
  return { bits, prefix: bits === 0 ? 0 : head >>> (32 - bits) }
}

export function writePrefix(writer: WireWriter, { bits, prefix }: BucketPrefix): void {
  writeU8(writer, bits)
  writeU32(writer, prefix)
}

export function readPrefix(reader: WireReader): BucketPrefix {
  const bits = readU8(reader)
  const prefix = readU32(reader)
  if (bits > MAX_BUCKET_BITS || prefix >= 2 ** bits) throw malformed('bad-bucket', { bits })
  return { bits, prefix }
}

export function readPositive(reader: WireReader): number {
  const value = readU16(reader)
  if (value === 0) throw malformed('zero-count')
  return value
}

function readMode(reader: WireReader): 'wake' | 'push' {
  const mode = MODES[readU8(reader)]
  if (mode === undefined) throw malformed('bad-flag')
  return mode
}

export const BUCKET_CODECS: CodecTable<BucketRequest> = {
  'bucket-fetch': {
    code: 20,
    bodyBytes: () => PREFIX_BYTES + 10,
    write: (writer, request) => {
      writePrefix(writer, request)
      writeU64(writer, request.after)
      writeU16(writer, request.limit)
    },
    read: (reader, request) => ({
      kind: 'bucket-fetch',
      request,
      ...readPrefix(reader),
      after: readU64(reader),
      limit: readPositive(reader),
    }),
  },
  'bucket-watch': {
    code: 21,
    bodyBytes: () => PREFIX_BYTES + 11,
    write: (writer, request) => {
      writePrefix(writer, request)
      writeU64(writer, request.after)
      writeU8(writer, MODES.indexOf(request.mode))
      writeU16(writer, request.window)
    },
    read: (reader, request) => ({
      kind: 'bucket-watch',
      request,
      ...readPrefix(reader),
      after: readU64(reader),
      mode: readMode(reader),
      window: readPositive(reader),
    }),
  },
}
