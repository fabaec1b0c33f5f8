/**
 * Sending a file: hash it, seal its chunks, have them stored as blobs, and describe it in a message.
 *
 * What fits one batch goes to a carrier that is fast enough at once. Everything else is in the store first
 * (staged-files.ts), so that a crash in the middle costs nothing that was stored already.
 */
import { cleanFileName, cleanMediaType, type FileBody } from '@hyphae/content'
import { type Blob as CarrierBlob, type IoOptions, MAX_FILE_BYTES, type MessageId } from '@hyphae/core'
import { CHUNK_BYTES, chunkCount } from '@hyphae/tlv'
import { assertArgument, hasMethods } from './arguments.js'
import { blobsOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { frameCount, hashSource, type PutFrames, type SealedFile, sealFile } from './file-seal.js'
import { type FileSource, sourceOf } from './file-source.js'
import { describeFile, dropUpload, startUpload } from './file-uploads.js'
import { BLOB_BATCH, QUICK_FILE_SECONDS, SLOW_CARRIER_BPS, SLOWEST_CARRIER_BPS } from './limits.js'
import type { Place } from './log.js'
import { codeOf } from './outbox.js'
import { sendContent } from './send.js'
import { isCarrierFastEnough, newUploadId, stageFile } from './staged-files.js'

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

/** @throws MessengerError `messenger/file-too-large`, `messenger/file-changed`, `messenger/no-transport`, `messenger/bad-argument` */
export async function sendFile(
  context: NodeContext,
  place: Place,
  options: SendFileOptions,
): Promise<MessageId> {
  // Carriers come and go, but whether there is one for files at all does not change.
  blobsOf(context)
  const outgoing = await prepare(context, options)
  const { sealed, minBandwidthBps } = outgoing
  const isSmall = frameCount(sealed.source.size) <= BLOB_BATCH
  if (!isSmall || !isCarrierFastEnough(context, minBandwidthBps))
    return sendStaged(outgoing, { place, doubt: false }, (put) => seal(outgoing, put))
  const frames: CarrierBlob[] = []
  const file = await seal(outgoing, async (batch) => void frames.push(...batch))
  if (await putAtOnce(outgoing, frames))
    return sendContent(context, place, { type: 'file', body: file }, ioOf(options))
  return sendStaged(outgoing, { place, doubt: true }, async (put) => {
    await put(frames)
    return file
  })
}

interface Outgoing {
  readonly context: NodeContext
  readonly options: SendFileOptions
  readonly sealed: SealedFile
  readonly minBandwidthBps: number
}

async function prepare(context: NodeContext, options: SendFileOptions): Promise<Outgoing> {
  const { name, data } = options
  assertArgument('name', typeof name === 'string')
  assertArgument('data', data instanceof Uint8Array || hasMethods(data, 'stream'))
  const source = sourceOf(options.data)
  if (source.size > MAX_FILE_BYTES) {
    throw new MessengerError('messenger/file-too-large', {
      details: { bytes: source.size, limit: MAX_FILE_BYTES },
    })
  }
  const { crypto } = context
  const root = await hashSource(crypto, source)
  const sealed = { crypto, key: crypto.randomBytes(FILE_KEY_BYTES), root, source, signal: options.signal }
  return {
    ...{ context, options, sealed },
    minBandwidthBps: options.minBandwidthBps ?? usualBandwidth(source.size),
  }
}

/** Seals the file; what its message says. */
async function seal({ options, sealed, minBandwidthBps }: Outgoing, put: PutFrames): Promise<FileBody> {
  const { key, root, source } = sealed
  return {
    name: cleanFileName(options.name),
    mediaType: cleanMediaType(options.mediaType ?? 'application/octet-stream'),
    size: source.size,
    root,
    key,
    manifest: await sealFile(sealed, put),
    count: chunkCount(source.size),
    ...(minBandwidthBps > 0 && { minBandwidthBps }),
  }
}

/** False when no carrier took them. */
async function putAtOnce(
  { context, options, sealed, minBandwidthBps }: Outgoing,
  frames: readonly CarrierBlob[],
): Promise<boolean> {
  const { closing, logger } = context
  const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing
  try {
    await blobsOf(context).put(frames, { signal, minBandwidthBps, priority: 'bulk' })
  } catch (error) {
    signal.throwIfAborted()
    logger.debug('files: a batch was not stored', { code: codeOf(error) })
    return false
  }
  options.onProgress?.({ done: sealed.source.size, total: sealed.source.size })
  return true
}

/**
 * Stores the file's frames here and with a carrier at the same time. It is described when that has all of them, or as
 * soon as it is clear that they have to wait.
 */
async function sendStaged(
  outgoing: Outgoing,
  { place, doubt }: { readonly place: Place; readonly doubt: boolean },
  fill: (put: PutFrames) => Promise<FileBody>,
): Promise<MessageId> {
  const { context, options, minBandwidthBps } = outgoing
  const { closing } = context
  const id = newUploadId(context)
  const onStored = reporter(outgoing)
  const upload = startUpload(context, { id, minBandwidthBps, growing: true, doubt, onStored })
  try {
    await stageFile(context, { id, place, grown: upload.grown.fire }, fill)
    upload.growing = false
    upload.grown.fire()
    await upload.tried.wait(options.signal ? AbortSignal.any([options.signal, closing]) : closing)
    return await describeFile(context, upload, ioOf(options))
  } catch (error) {
    // A node that closes leaves it to the next start.
    if (!closing.aborted) await dropUpload(context, upload)
    throw error
  }
}

/** Frames go in order, manifests last: those are no progress any more. */
function reporter({ options, sealed }: Outgoing): (frames: number) => void {
  const total = sealed.source.size
  let last = 0
  return (frames) => {
    const done = Math.min(total, frames * CHUNK_BYTES)
    if (done === last) return
    last = done
    options.onProgress?.({ done, total })
  }
}

function ioOf({ signal }: IoOptions): IoOptions {
  return signal === undefined ? {} : { signal }
}
