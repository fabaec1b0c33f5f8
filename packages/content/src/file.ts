/**
 * Built-in type 2, `file`: where an attachment is and how to open it. spec/content.md section 5.
 *
 * Wire: [name, mediaType, size, root, key, manifest, count], and minBandwidth where it is not 0. The descriptor only claims: `name` and
 * `mediaType` are for showing, and a file is released when its SHA-256 equals `root`. Knows no carrier.
 */
import { KEY_BYTES, MAX_FILE_BYTES } from '@hyphae/core'
import * as v from 'valibot'
import { cleanFileName, cleanMediaType } from './filename.js'
import { MAX_FILE_CHUNKS, MAX_MIN_BANDWIDTH_BPS } from './limits.js'
import { type ContentType, defineContent } from './type.js'

export interface FileBody {
  /** A bare file name, already clean: no path, no control or direction character, at most 255 bytes. */
  readonly name: string
  /** `type/subtype`, lower case, no parameters. What the sender says it is; never decide by it alone. */
  readonly mediaType: string
  /** Bytes of the plaintext, at most 100 MB. */
  readonly size: number
  /** SHA-256 of the plaintext, 32 bytes. */
  readonly root: Uint8Array
  /** Key of the chunks, 32 bytes, used for this file alone. Secret. */
  readonly key: Uint8Array
  /** SHA-256 of the frame that holds the root manifest, 32 bytes. */
  readonly manifest: Uint8Array
  /** Chunks that the file is in. */
  readonly count: number
  /** Bits per second below which a carrier is left to messages; any carrier when left out. */
  readonly minBandwidthBps?: number
}

const bytes32 = v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === KEY_BYTES)
const upTo = (limit: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(limit))

export const fileContent: ContentType<'file', FileBody> = defineContent({
  type: 'file',
  number: 2,
  schema: v.strictObject({
    name: v.pipe(
      v.string(),
      v.check((name) => cleanFileName(name) === name),
    ),
    mediaType: v.pipe(
      v.string(),
      v.check((mediaType) => cleanMediaType(mediaType) === mediaType),
    ),
    size: upTo(MAX_FILE_BYTES),
    root: bytes32,
    key: bytes32,
    manifest: bytes32,
    count: upTo(MAX_FILE_CHUNKS),
    minBandwidthBps: v.exactOptional(v.pipe(upTo(MAX_MIN_BANDWIDTH_BPS), v.minValue(1))),
  }),
  pack: (body) => [
    ...[body.name, body.mediaType, body.size, body.root, body.key, body.manifest, body.count],
    ...(body.minBandwidthBps === undefined ? [] : [body.minBandwidthBps]),
  ],
  unpack: (wire) => {
    if (!Array.isArray(wire) || wire.length < 7 || wire.length > 8) return null
    const [name, mediaType, size, root, key, manifest, count, minBandwidthBps]: unknown[] = wire
    const body = { name, mediaType, size, root, key, manifest, count }
    return wire.length === 7 ? body : { ...body, minBandwidthBps }
  },
})
