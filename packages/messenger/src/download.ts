/**
 * Receiving a file: fetch its chunks from the root manifest down, and release only what is verified.
 *
 * Every frame is checked against the hash that named it and opened under the file's key; size, count and place must
 * be what the file message said. A carrier that lies can only withhold. Frames of a larger file are kept until it is
 * whole, so that the next try asks for the missing ones alone.
 */
import type { FileBody } from '@hyphae/content'
import { concatBytes, equalBytes, type IoOptions, type RouteOptions } from '@hyphae/core'
import { chunkCount, openChunk } from '@hyphae/tlv'
import { blobsOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { type FetchedFrames, fetchedFrames, noFrames } from './fetched-files.js'
import { BLOB_BATCH } from './limits.js'
import { levelKey, levelSizes, splitHashes } from './manifest.js'
import { isCarrierFastEnough } from './staged-files.js'
import type { FileProgress } from './upload.js'

export interface DownloadOptions extends IoOptions {
  /** Carriers that are slower are not asked; what the sender set when left out. */
  readonly minBandwidthBps?: number
  /** Keeps what was fetched until the file is whole: the default for files of more than 64 chunks. */
  readonly resume?: boolean
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
  const resume = options.resume ?? file.count > BLOB_BATCH
  const frames = resume ? await fetchedFrames(context, file.manifest) : noFrames
  const fetching: Fetching = { context, file, frames, route: routeOf(file, options) }
  let hashes: Uint8Array[] = [file.manifest]
  for (let level = sizes.length - 1; level > 0; level--) {
    const pieces: Uint8Array[] = []
    for await (const piece of openLevel(fetching, { level, size: sizes[level] as number, hashes }))
      pieces.push(piece)
    hashes = splitHashes(concatBytes(...pieces))
  }
  const hasher = context.crypto.createSha256()
  let done = 0
  for await (const piece of openLevel(fetching, { level: 0, size: file.size, hashes })) {
    hasher.update(piece)
    done += piece.length
    options.onProgress?.({ done, total: file.size })
    yield piece
  }
  const whole = done === file.size && equalBytes(hasher.digest(), file.root)
  await frames.forget()
  if (!whole) throw corrupt('root')
}

function routeOf(file: FileBody, { signal, minBandwidthBps }: DownloadOptions): RouteOptions {
  return {
    minBandwidthBps: minBandwidthBps ?? file.minBandwidthBps ?? 0,
    priority: 'bulk',
    ...(signal && { signal }),
  }
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

interface Fetching {
  readonly context: NodeContext
  readonly file: FileBody
  readonly frames: FetchedFrames
  readonly route: RouteOptions
}

interface Level {
  readonly level: number
  readonly size: number
  readonly hashes: readonly Uint8Array[]
}

async function* openLevel(
  fetching: Fetching,
  { level, size, hashes }: Level,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { context, file } = fetching
  const key = levelKey(context.crypto, file.key, level)
  for (let at = 0; at < hashes.length; at += BLOB_BATCH) {
    const frames = await fetchFrames(fetching, hashes.slice(at, at + BLOB_BATCH))
    for (const [i, frame] of frames.entries()) {
      if (frame === undefined)
        throw new MessengerError('messenger/file-unavailable', { details: { level, index: at + i } })
      if (frame === 'wrong') throw corrupt('hash')
      const opened = openChunk(context.crypto, { key, index: at + i, frame })
      if (opened === null) throw corrupt('chunk')
      if (opened.header.size !== size || !equalBytes(opened.header.root, file.root)) throw corrupt('header')
      yield opened.data
    }
  }
}

/** In the order of the hashes; those that were here already are not asked for, those that came right are kept. */
async function fetchFrames(
  { context, frames, route }: Fetching,
  wanted: readonly Uint8Array[],
): Promise<(Uint8Array | 'wrong' | undefined)[]> {
  const known = await frames.known(wanted)
  const missing = wanted.filter((_, i) => known[i] === undefined)
  if (missing.length > 0 && !isCarrierFastEnough(context, route.minBandwidthBps ?? 0))
    throw new MessengerError('messenger/no-fast-carrier', {
      details: { bandwidthBps: route.minBandwidthBps ?? 0 },
    })
  const found = missing.length === 0 ? [] : await blobsOf(context).get(missing, route)
  const isRight = (i: number): boolean =>
    equalBytes(context.crypto.sha256(found[i] as Uint8Array), missing[i] as Uint8Array)
  const checked = missing.map((hash, i) => {
    const frame = found[i]
    return { hash, frame: frame === undefined ? undefined : isRight(i) ? frame : ('wrong' as const) }
  })
  await frames.keep(
    checked.flatMap(({ hash, frame }) => (frame instanceof Uint8Array ? [{ hash, frame }] : [])),
  )
  let next = 0
  return known.map((frame) => frame ?? checked[next++]?.frame)
}

function corrupt(part: string): MessengerError {
  return new MessengerError('messenger/file-corrupt', { details: { part } })
}
