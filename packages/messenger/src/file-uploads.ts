/**
 * Putting staged files (spec/messenger.md, Files): each as soon as a carrier takes it, in batches, across restarts. An
 * upload of this life is described by the call that began it; one that a crash or `close` cut short is described here.
 */
import { type IoOptions, isHyphaeError, type MessageId } from '@hyphae/core'
import type { NodeContext } from './context.js'
import { type PutJob, putFrames } from './file-put.js'
import { stagedFilesTable } from './file-rows.js'
import { createGate, type Gate } from './gate.js'
import { BATCHES_AT_ONCE } from './limits.js'
import { placeOf } from './log.js'
import { codeOf } from './outbox.js'
import { type Backoff, backoff } from './retry.js'
import { sendContent } from './send.js'
import { createSignal, type Signal } from './signal.js'
import { bandwidthOf, forgetStagedFile, isCarrierFastEnough, nameStagedFile } from './staged-files.js'

/** One file on its way in this life. */
export interface Upload extends PutJob {
  /** Begun in an earlier life, with nobody left to describe it. */
  readonly resumed: boolean
  readonly over: AbortController
  /** Fires when everything is stored, or the first try has ended otherwise. */
  readonly tried: Signal
  /** Wakes it from its rest. */
  readonly nudge: Signal
  readonly retry: Backoff
  firstTry: 'running' | 'stored' | 'failed'
  growing: boolean
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
  const { running, changed, gate } = uploadsOf(context)
  const retry = backoff(context.clock, context.crypto)
  const upload: Upload = {
    ...{ resumed: false, growing: false, doubt: false, ...start, gate, retry },
    onStored: (frames) => {
      retry.reset()
      changed.fire()
      start.onStored?.(frames)
    },
    grown: createSignal(),
    over: new AbortController(),
    tried: createSignal(),
    nudge: createSignal(),
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
