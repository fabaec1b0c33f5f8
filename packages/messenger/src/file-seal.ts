/**
 * Sealing a file to be sent: its chunks, and the levels of hashes over them, in the order in which they are stored
 * (spec/messenger.md section 6). Does not know where the frames go.
 */
import { type Blob as CarrierBlob, concatBytes } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { CHUNK_BYTES, chunkCount, sealChunk } from '@hyphae/tlv'
import { MessengerError } from './errors.js'
import { type FileSource, piecesOf, sourceOf } from './file-source.js'
import { BLOB_BATCH } from './limits.js'
import { levelKey, levelSizes } from './manifest.js'

export interface SealedFile {
  readonly crypto: CryptoProvider
  /** 32 bytes, for this file alone. */
  readonly key: Uint8Array
  /** SHA-256 of the file. */
  readonly root: Uint8Array
  readonly source: FileSource
  readonly signal: AbortSignal | undefined
}

export type PutFrames = (batch: readonly CarrierBlob[]) => Promise<void>

/** SHA-256 of a file. @throws MessengerError `messenger/file-changed` when it is not as long as it says */
export async function hashSource(crypto: CryptoProvider, source: FileSource): Promise<Uint8Array> {
  const hasher = crypto.createSha256()
  let size = 0
  for await (const piece of piecesOf(source)) {
    size += piece.length
    hasher.update(piece)
  }
  if (size !== source.size)
    throw new MessengerError('messenger/file-changed', { details: { said: source.size, read: size } })
  return hasher.digest()
}

/** From the ground up, in batches; returns the hash of the root manifest. @throws MessengerError `messenger/file-changed` */
export async function sealFile(file: SealedFile, put: PutFrames): Promise<Uint8Array> {
  const { crypto, root, source } = file
  let hashes: Uint8Array[] = []
  for (const [level, size] of levelSizes(source.size).entries()) {
    const data = level === 0 ? source : sourceOf(concatBytes(...hashes))
    const key = levelKey(crypto, file.key, level)
    hashes = await sealLevel({ crypto, key, root, size, put, signal: file.signal }, data)
  }
  return hashes[0] as Uint8Array
}

/** How many frames there are, manifests too. */
export function frameCount(size: number): number {
  return levelSizes(size).reduce((sum, level) => sum + chunkCount(level), 0)
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
  readonly crypto: CryptoProvider
  readonly key: Uint8Array
  readonly root: Uint8Array
  readonly size: number
  readonly put: PutFrames
  readonly signal: AbortSignal | undefined
}

/** Seals one level; returns the hash of each of its frames. */
async function sealLevel(level: Level, source: FileSource): Promise<Uint8Array[]> {
  const { crypto } = level
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
    level.signal?.throwIfAborted()
    await level.put(batch)
    batch = []
  }
  if (hashes.length !== count || done !== level.size) throw new MessengerError('messenger/file-changed')
  return hashes
}
