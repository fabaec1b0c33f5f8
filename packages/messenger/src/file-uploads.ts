/**
 * Putting staged files (spec/messenger.md, Files): each as soon as a carrier takes it, in batches, across restarts. An
 * upload of this life is described by the call that began it; one that a crash or `close` cut short is described here.
 */
import { type Blob, type IoOptions, isHyphaeError, type MessageId } from '@hyphae/core'
import { blobsOf, type NodeContext } from './context.js'
import { stagedFilesTable } from './file-rows.js'
import { createGate, type Gate } from './gate.js'
import { BATCHES_AT_ONCE, FILE_BATCHES_AT_ONCE } from './limits.js'
import { placeOf } from './log.js'
import { codeOf } from './outbox.js'
import { type Backoff, backoff } from './retry.js'
import { sendContent } from './send.js'
import { createSignal, type Signal } from './signal.js'
import {
  bandwidthOf,
  forgetStagedFile,
  isCarrierFastEnough,
  nameStagedFile,
  type StagedBatch,
  settleBatch,
  stagedBatch,
} from './staged-files.js'

/** One file on its way in this life. */
export interface Upload {
  readonly id: string
  readonly minBandwidthBps: number
  /** Begun in an earlier life, with nobody left to describe it. */
  readonly resumed: boolean
  readonly onStored: (frames: number) => void
  readonly over: AbortController
  /** Fires when everything is stored, or the first try has ended otherwise. */
  readonly tried: Signal
  /** Wakes it from its rest. */
  readonly nudge: Signal
  readonly retry: Backoff
  firstTry: 'running' | 'stored' | 'failed'
  /** The file is being sealed still: what is there goes already. `grown` fires when there is more, or it has ended. */
  growing: boolean
  readonly grown: Signal
  /** A carrier may have frames that are still here: it is asked. */
  doubt: boolean
  /** No carrier that is fast enough takes blobs. */
  unroutable: boolean
}

interface Uploads {
  readonly running: Map<Upload, Promise<void>>
  readonly gate: Gate
  /** Fires when one of them has got further, or cannot. */
  readonly changed: Signal
}

const known = new WeakMap<NodeContext, Uploads>()

function uploadsOf(context: NodeContext): Uploads {
  const uploads = known.get(context) ?? {
    running: new Map(),
    gate: createGate(BATCHES_AT_ONCE),
    changed: createSignal(),
  }
  known.set(context, uploads)
  return uploads
}

/** Goes on with what an earlier life left. What was not sealed to its end is forgotten: nobody was told of it. */
export async function resumeUploads(context: NodeContext): Promise<void> {
  for (const { parts, row } of await stagedFilesTable.list(context.store, [])) {
    const id = parts[0] as string
    if (row.file === null) void forgetStagedFile(context, id).catch(() => {})
    else
      startUpload(context, {
        id,
        minBandwidthBps: bandwidthOf(row),
        resumed: row.message === '',
        doubt: true,
      })
  }
}

/** Resolves when the node has closed and nothing is on its way any more. */
export async function uploadsEnd(context: NodeContext): Promise<void> {
  if (!context.closing.aborted)
    await new Promise<unknown>((resolve) =>
      context.closing.addEventListener('abort', resolve, { once: true }),
    )
  await Promise.all(uploadsOf(context).running.values())
}

export interface UploadStart {
  readonly id: string
  readonly minBandwidthBps: number
  readonly resumed?: boolean
  readonly growing?: boolean
  readonly doubt?: boolean
  readonly onStored?: (frames: number) => void
}

export function startUpload(context: NodeContext, start: UploadStart): Upload {
  const { running, changed } = uploadsOf(context)
  const upload: Upload = {
    ...{ resumed: false, growing: false, doubt: false, onStored: () => {}, ...start },
    grown: createSignal(),
    over: new AbortController(),
    tried: createSignal(),
    nudge: createSignal(),
    retry: backoff(context.clock, context.crypto),
    firstTry: 'running',
    unroutable: false,
  }
  const end = (): void => {
    running.delete(upload)
    changed.fire()
  }
  running.set(upload, runUpload(context, upload).finally(end))
  return upload
}

/** Ends it, and forgets its frames. */
export async function dropUpload(context: NodeContext, upload: Upload): Promise<void> {
  upload.over.abort()
  await uploadsOf(context).running.get(upload)
  await forgetStagedFile(context, upload.id)
}

/** Sends the message that describes the file. */
export async function describeFile(
  context: NodeContext,
  upload: Upload,
  options: IoOptions = {},
): Promise<MessageId> {
  const row = await stagedFilesTable.get(context.store, upload.id)
  const named = { whole: false }
  const content = { type: 'file', body: row?.file }
  const id = await sendContent(context, placeOf(row?.place ?? ''), content, {
    ...options,
    also: async (tx, message) => {
      named.whole = await nameStagedFile(tx, upload.id, message)
    },
  })
  if (named.whole && (upload.resumed || upload.firstTry !== 'stored'))
    context.emit({ type: 'file-stored', id })
  return id
}

/**
 * Resolves when nothing is left that a carrier takes which is there: what waits for a faster one is left out. What
 * rests after a failure is tried at once.
 */
export async function flushUploads(context: NodeContext, signal: AbortSignal): Promise<void> {
  const { running, changed } = uploadsOf(context)
  const goes = (upload: Upload): boolean =>
    upload.firstTry === 'running' ||
    (!upload.unroutable && isCarrierFastEnough(context, upload.minBandwidthBps))
  for (const upload of running.keys()) upload.nudge.fire()
  while ([...running.keys()].some(goes)) await changed.wait(signal)
}

/** Until it is stored and described, forgotten, or the node closes. Never rejects. */
async function runUpload(context: NodeContext, upload: Upload): Promise<void> {
  const signal = AbortSignal.any([context.closing, upload.over.signal])
  while (!signal.aborted) {
    const stored = await tryUpload(context, upload, signal)
    const described = !upload.resumed || (await tryDescribe(context, upload, signal))
    if (upload.firstTry === 'running') upload.firstTry = stored ? 'stored' : 'failed'
    upload.tried.fire()
    if (stored && described) return
    uploadsOf(context).changed.fire()
    await rest(upload, signal)
  }
}

/** True when no frame of it is left here. */
async function tryUpload(context: NodeContext, upload: Upload, signal: AbortSignal): Promise<boolean> {
  try {
    const row = await stagedFilesTable.get(context.store, upload.id)
    if (!upload.growing && (row === undefined || row.stored === row.total)) return true
    upload.unroutable = false
    if (!isCarrierFastEnough(context, upload.minBandwidthBps)) return false
    await putFrames(context, upload, signal)
    return true
  } catch (error) {
    if (!signal.aborted) context.logger.debug('files: a batch was not stored', { code: codeOf(error) })
    upload.doubt = true
    upload.unroutable = isHyphaeError(error, 'transport/no-route')
    return false
  }
}

/** A few batches at once, so that the carrier need not wait for the disk, nor the disk for the carrier. */
async function putFrames(context: NodeContext, upload: Upload, signal: AbortSignal): Promise<void> {
  const { gate } = uploadsOf(context)
  const most = upload.doubt ? 1 : FILE_BATCHES_AT_ONCE
  const flying = new Set<Promise<void>>()
  try {
    for (let from = 0; ; ) {
      // Before it is read: what is there when it was no longer growing is all there is.
      const { growing } = upload
      const leave = await gate.enter()
      const batch = await stagedBatch(context, upload.id, from).catch((error: unknown) => {
        leave()
        throw error
      })
      if (batch === undefined) {
        leave()
        if (!growing) break
        await upload.grown.wait(signal)
        continue
      }
      from = batch.from + batch.frames.length
      const flight = putBatch(context, upload, batch, signal).finally(leave)
      flying.add(flight)
      flight.then(
        () => flying.delete(flight),
        () => {},
      )
      if (flying.size >= most) await Promise.race(flying)
    }
    await Promise.all(flying)
  } finally {
    await Promise.allSettled(flying)
  }
}

async function putBatch(
  context: NodeContext,
  upload: Upload,
  batch: StagedBatch,
  signal: AbortSignal,
): Promise<void> {
  const blobs = batch.frames.map((data) => ({ hash: context.crypto.sha256(data), data }))
  const missing = upload.doubt ? await withoutStored(context, blobs, signal) : blobs
  signal.throwIfAborted()
  const route = { signal, minBandwidthBps: upload.minBandwidthBps, priority: 'bulk' } as const
  if (missing.length > 0) await blobsOf(context).put(missing, route)
  const row = await settleBatch(context, upload.id, batch)
  upload.retry.reset()
  if (row === undefined) return
  upload.onStored(row.stored)
  uploadsOf(context).changed.fire()
  if (row.stored === row.total && row.message !== '')
    context.emit({ type: 'file-stored', id: row.message as MessageId })
}

async function withoutStored(
  context: NodeContext,
  blobs: readonly Blob[],
  signal: AbortSignal,
): Promise<readonly Blob[]> {
  const hashes = blobs.map(({ hash }) => hash)
  const there = await blobsOf(context).has(hashes, { signal })
  return blobs.filter((_, index) => there[index] !== true)
}

/** True when nobody waits for its message any more. What can never be sent is forgotten with its frames. */
async function tryDescribe(context: NodeContext, upload: Upload, signal: AbortSignal): Promise<boolean> {
  try {
    const row = await stagedFilesTable.get(context.store, upload.id)
    if (row?.message === '') await describeFile(context, upload, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    context.logger.warn('files: a file that was resumed was not described', { code: codeOf(error) })
    if (isHyphaeError(error) && !error.retryable) await giveUp(context, upload)
    return false
  }
}

async function giveUp(context: NodeContext, upload: Upload): Promise<void> {
  upload.over.abort()
  await forgetStagedFile(context, upload.id).catch(() => {})
}

/** Longer each time nothing was stored, until it is nudged. */
async function rest({ retry, nudge }: Upload, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  try {
    await Promise.race([retry.wait(either), nudge.wait(either)])
  } catch {
    // The node closes, or the upload was dropped: the caller looks.
  } finally {
    over.abort()
  }
}
