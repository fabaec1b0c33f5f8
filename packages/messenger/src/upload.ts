/**
 * Sending a file: hash it, seal its chunks, store them as blobs, and describe it in a file message's body.
 *
 * Chunks go to a carrier that is fast enough at once. While there is none they wait in the store, and the message goes
 * ahead of them (staged-files.ts).
 */
import { cleanFileName, cleanMediaType, type FileBody } from '@hyphae/content'
import {
  type Blob as CarrierBlob,
  concatBytes,
  type IoOptions,
  isHyphaeError,
  MAX_FILE_BYTES,
} from '@hyphae/core'
import { CHUNK_BYTES, chunkCount, sealChunk } from '@hyphae/tlv'
import { blobsOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { type FileSource, piecesOf, sourceOf } from './file-source.js'
import { BLOB_BATCH, QUICK_FILE_SECONDS, SLOW_CARRIER_BPS, SLOWEST_CARRIER_BPS } from './limits.js'
import { levelKey, levelSizes } from './manifest.js'
import { isCarrierFastEnough, stageFile } from './staged-files.js'

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
  /**
   * Carriers that are slower carry the description alone, on both ends. When left out, what takes a carrier longer than
   * a minute waits for one of 10 kbps.
   */
  readonly minBandwidthBps?: number
  readonly onProgress?: (progress: FileProgress) => void
}

const FILE_KEY_BYTES = 32

/** Files that a slow carrier would be busy with for long leave it to messages. */
function usualBandwidth(size: number): number {
  const quick = Math.ceil((size * 8) / QUICK_FILE_SECONDS)
  return quick < SLOWEST_CARRIER_BPS ? 0 : Math.min(SLOW_CARRIER_BPS, quick)
}

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
  const minBandwidthBps = options.minBandwidthBps ?? usualBandwidth(source.size)
  const sealed: SealedFile = { context, key, root, source, minBandwidthBps, options }
  return {
    name: cleanFileName(options.name),
    mediaType: cleanMediaType(options.mediaType ?? 'application/octet-stream'),
    size: source.size,
    root,
    key,
    manifest: await storeFile(sealed),
    count: chunkCount(source.size),
    ...(minBandwidthBps > 0 && { minBandwidthBps }),
  }
}

interface SealedFile {
  readonly context: NodeContext
  readonly key: Uint8Array
  readonly root: Uint8Array
  readonly source: FileSource
  readonly minBandwidthBps: number
  readonly options: SendFileOptions
}

/** Hash of the root manifest, whose frames are with a carrier, or wait for one. */
async function storeFile(file: SealedFile): Promise<Uint8Array> {
  const { context, minBandwidthBps, options } = file
  if (isCarrierFastEnough(context, minBandwidthBps)) {
    const route = { ...ioOf(options), minBandwidthBps, priority: 'bulk' } as const
    try {
      return await sealFile(file, (batch) => blobsOf(context).put(batch, route), options.onProgress)
    } catch (error) {
      // The last one that was fast enough went. What it took is the same when it is sealed again, and is not put twice.
      if (!isHyphaeError(error, 'transport/no-route')) throw error
    }
  }
  return stageFile(context, minBandwidthBps, (put) => sealFile(file, put, undefined))
}

function ioOf({ signal }: IoOptions): IoOptions {
  return signal === undefined ? {} : { signal }
}

type PutFrames = (batch: readonly CarrierBlob[]) => Promise<void>

/** Seals the file and the levels of hashes over it, from the ground up. */
async function sealFile(
  { context, key, root, source, options }: SealedFile,
  put: PutFrames,
  progress: ((progress: FileProgress) => void) | undefined,
): Promise<Uint8Array> {
  let hashes: Uint8Array[] = []
  for (const [level, size] of levelSizes(source.size).entries()) {
    options.signal?.throwIfAborted()
    const data = level === 0 ? source : sourceOf(concatBytes(...hashes))
    const onProgress = level === 0 ? progress : undefined
    hashes = await storeLevel(
      { context, key: levelKey(context.crypto, key, level), root, size, put, onProgress },
      data,
    )
  }
  return hashes[0] as Uint8Array
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
  readonly put: PutFrames
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
    await level.put(batch)
    batch = []
    level.onProgress?.({ done, total: level.size })
  }
  if (hashes.length !== count || done !== level.size) throw new MessengerError('messenger/file-changed')
  return hashes
}
