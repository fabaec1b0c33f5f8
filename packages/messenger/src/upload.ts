/** Sending a file: hash it, seal its chunks, store them as blobs, and describe it in a file message's body. */
import { cleanFileName, cleanMediaType, type FileBody } from '@hyphae/content'
import { type Blob as CarrierBlob, concatBytes, type IoOptions, MAX_FILE_BYTES } from '@hyphae/core'
import { CHUNK_BYTES, chunkCount, sealChunk } from '@hyphae/tlv'
import { blobsOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { type FileSource, piecesOf, sourceOf } from './file-source.js'
import { BLOB_BATCH } from './limits.js'
import { levelKey, levelSizes } from './manifest.js'

export interface FileProgress {
  /** Bytes of the file that are stored, or fetched and verified. */
  readonly done: number
  readonly total: number
}

export interface SendFileOptions extends IoOptions {
  /** Shown to the recipient; path parts and control characters are taken out. */
  readonly name: string
  readonly mediaType?: string
  readonly data: Uint8Array | FileSource
  readonly onProgress?: (progress: FileProgress) => void
}

const FILE_KEY_BYTES = 32

/** @throws MessengerError `messenger/file-too-large`, `messenger/file-changed` */
export async function uploadFile(context: NodeContext, options: SendFileOptions): Promise<FileBody> {
  const source = sourceOf(options.data)
  if (source.size > MAX_FILE_BYTES) {
    throw new MessengerError('messenger/file-too-large', {
      details: { bytes: source.size, limit: MAX_FILE_BYTES },
    })
  }
  const root = await hashSource(context, source)
  const key = context.crypto.randomBytes(FILE_KEY_BYTES)
  const sizes = levelSizes(source.size)
  let hashes: Uint8Array[] = []
  for (const [level, size] of sizes.entries()) {
    const data = level === 0 ? source : sourceOf(concatBytes(...hashes))
    const onProgress = level === 0 ? options.onProgress : undefined
    hashes = await storeLevel(
      { context, key: levelKey(context.crypto, key, level), root, size, io: options, onProgress },
      data,
    )
  }
  return {
    name: cleanFileName(options.name),
    mediaType: cleanMediaType(options.mediaType ?? 'application/octet-stream'),
    size: source.size,
    root,
    key,
    manifest: hashes[0] as Uint8Array,
    count: chunkCount(source.size),
  }
}

async function hashSource(context: NodeContext, source: FileSource): Promise<Uint8Array> {
  const hasher = context.crypto.createSha256()
  let size = 0
  for await (const piece of piecesOf(source)) {
    size += piece.length
    hasher.update(piece)
  }
  if (size !== source.size)
    throw new MessengerError('messenger/file-changed', { details: { said: source.size, read: size } })
  return hasher.digest()
}

/** An empty file still has its one, empty, chunk. */
async function* nonEmpty(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let any = false
  for await (const piece of pieces) {
    any = true
    yield piece
  }
  if (!any) yield new Uint8Array()
}

interface Level {
  readonly context: NodeContext
  readonly key: Uint8Array
  readonly root: Uint8Array
  readonly size: number
  readonly io: IoOptions
  readonly onProgress: ((progress: FileProgress) => void) | undefined
}

/** Seals one level and stores it in batches; returns the hash of each of its frames. */
async function storeLevel(level: Level, source: FileSource): Promise<Uint8Array[]> {
  const { crypto } = level.context
  const count = chunkCount(level.size)
  const hashes: Uint8Array[] = []
  let batch: CarrierBlob[] = []
  let done = 0
  for await (const data of nonEmpty(piecesOf(source))) {
    const header = { root: level.root, index: hashes.length, count, size: level.size, length: data.length }
    if (data.length !== Math.min(CHUNK_BYTES, level.size - done))
      throw new MessengerError('messenger/file-changed')
    done += data.length
    const frame = sealChunk(crypto, { key: level.key, header, data })
    const hash = crypto.sha256(frame)
    hashes.push(hash)
    batch.push({ hash, data: frame })
    if (batch.length < BLOB_BATCH && hashes.length < count) continue
    await blobsOf(level.context).put(batch, level.io)
    batch = []
    level.onProgress?.({ done, total: level.size })
  }
  if (hashes.length !== count || done !== level.size) throw new MessengerError('messenger/file-changed')
  return hashes
}
