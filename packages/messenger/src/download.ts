/**
 * Receiving a file: fetch its chunks from the root manifest down, and release only what is verified.
 *
 * Every frame is checked against the hash that named it and opened under the file's key; size, count and place must
 * be what the file message said. A carrier that lies can only withhold.
 */
import type { FileBody } from '@hyphae/content'
import { concatBytes, equalBytes, type IoOptions } from '@hyphae/core'
import { chunkCount, openChunk } from '@hyphae/tlv'
import { blobsOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { BLOB_BATCH } from './limits.js'
import { levelKey, levelSizes, splitHashes } from './manifest.js'
import type { FileProgress } from './upload.js'

export interface DownloadOptions extends IoOptions {
  readonly onProgress?: (progress: FileProgress) => void
}

/** The verified bytes in order. Ends with an error rather than release a byte that its sender did not seal. */
export async function* streamFile(
  context: NodeContext,
  file: FileBody,
  options: DownloadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const sizes = levelSizes(file.size)
  if (file.count !== chunkCount(file.size)) throw corrupt('count')
  let hashes: Uint8Array[] = [file.manifest]
  for (let level = sizes.length - 1; level > 0; level--) {
    const pieces: Uint8Array[] = []
    for await (const piece of openLevel(
      context,
      file,
      { level, size: sizes[level] as number, hashes },
      options,
    ))
      pieces.push(piece)
    hashes = splitHashes(concatBytes(...pieces))
  }
  const hasher = context.crypto.createSha256()
  let done = 0
  for await (const piece of openLevel(context, file, { level: 0, size: file.size, hashes }, options)) {
    hasher.update(piece)
    done += piece.length
    options.onProgress?.({ done, total: file.size })
    yield piece
  }
  if (done !== file.size || !equalBytes(hasher.digest(), file.root)) throw corrupt('root')
}

/** The whole file, verified. Holds it in memory: at most MAX_FILE_BYTES. */
export async function downloadFile(
  context: NodeContext,
  file: FileBody,
  options: DownloadOptions = {},
): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.size)
  let offset = 0
  for await (const piece of streamFile(context, file, options)) {
    if (offset + piece.length > bytes.length) throw corrupt('size')
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}

interface Level {
  readonly level: number
  readonly size: number
  readonly hashes: readonly Uint8Array[]
}

async function* openLevel(
  context: NodeContext,
  file: FileBody,
  { level, size, hashes }: Level,
  options: IoOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const key = levelKey(context.crypto, file.key, level)
  for (let at = 0; at < hashes.length; at += BLOB_BATCH) {
    const wanted = hashes.slice(at, at + BLOB_BATCH)
    const frames = await blobsOf(context).get(wanted, options)
    for (const [i, hash] of wanted.entries()) {
      const frame = frames[i]
      if (frame === undefined)
        throw new MessengerError('messenger/file-unavailable', { details: { level, index: at + i } })
      if (!equalBytes(context.crypto.sha256(frame), hash)) throw corrupt('hash')
      const opened = openChunk(context.crypto, { key, index: at + i, frame })
      if (opened === null) throw corrupt('chunk')
      if (opened.header.size !== size || !equalBytes(opened.header.root, file.root)) throw corrupt('header')
      yield opened.data
    }
  }
}

function corrupt(part: string): MessengerError {
  return new MessengerError('messenger/file-corrupt', { details: { part } })
}
