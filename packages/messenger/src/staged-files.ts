/**
 * Files whose chunks wait for a carrier that is fast enough (spec/messenger.md, Files): sealed frames in the store, put
 * in batches as soon as one is there, and taken out as they are stored. Also after a crash only what is missing is put.
 */
import { type Blob as CarrierBlob, isHyphaeError, type MessageId, toHex } from '@hyphae/core'
import type { Selector } from '@hyphae/transport'
import { blobsOf, type NodeContext } from './context.js'
import { type StagedFileRow, stagedChunksTable, stagedFilesTable } from './file-rows.js'
import { BLOB_BATCH } from './limits.js'
import { backoff } from './retry.js'
import { createSignal, type Signal } from './signal.js'

const ID_BYTES = 16

interface Staging {
  /** Something new waits. */
  readonly news: Signal
  /** Uploads that are being staged in this life. */
  readonly open: Set<string>
}

const stagings = new WeakMap<NodeContext, Staging>()

function stagingOf(context: NodeContext): Staging {
  const known = stagings.get(context)
  if (known !== undefined) return known
  const made = { news: createSignal(), open: new Set<string>() }
  stagings.set(context, made)
  return made
}

/** Whether a carrier may be asked to take such chunks now. */
export function isCarrierFastEnough(context: NodeContext, minBandwidthBps: number): boolean {
  const { carrier } = context
  return chooses(carrier)
    ? carrier.meets({ minBandwidthBps })
    : carrier.traits.bandwidthBps >= minBandwidthBps
}

/** Several carriers as one, which knows whether any of them is fast enough now. */
function chooses(carrier: object): carrier is Pick<Selector, 'meets'> {
  return 'meets' in carrier
}

/** How far the chunks of a sent file got that did not go at once. */
export interface WaitingFile {
  /** Frames that a carrier has, of how many. */
  readonly stored: number
  readonly total: number
  /** Until a carrier is so fast nothing of it goes. */
  readonly minBandwidthBps: number
  /** `bandwidth`: all carriers are slower. `carrier`: one is fast enough and has not taken everything yet. */
  readonly waitsFor: 'bandwidth' | 'carrier'
}

/** Keeps the frames that `seal` makes; they go when a carrier takes them. Returns what `seal` does. */
export async function stageFile(
  context: NodeContext,
  minBandwidthBps: number,
  seal: (put: (batch: readonly CarrierBlob[]) => Promise<void>) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { store } = context
  const staging = stagingOf(context)
  const id = toHex(context.crypto.randomBytes(ID_BYTES))
  const row: StagedFileRow = { manifest: new Uint8Array(), message: '', minBandwidthBps, total: 0, stored: 0 }
  let total = 0
  staging.open.add(id)
  try {
    const manifest = await seal((batch) =>
      store.transact((tx) => {
        if (total === 0) stagedFilesTable.put(tx, row, id)
        for (const { data } of batch) stagedChunksTable.put(tx, data, id, total++)
      }),
    )
    await store.transact((tx) => stagedFilesTable.put(tx, { ...row, manifest, total }, id))
    staging.news.fire()
    return manifest
  } catch (error) {
    await forgetFile(context, id)
    throw error
  } finally {
    staging.open.delete(id)
  }
}

/** Says which message describes the file, so that its status can tell. */
export async function nameStagedFile(
  context: NodeContext,
  manifest: Uint8Array,
  id: MessageId,
): Promise<void> {
  const rows = await stagedFilesTable.list(context.store, [])
  const found = rows.find(({ row }) => toHex(row.manifest) === toHex(manifest))
  if (found === undefined) return
  const [key] = found.parts as [string]
  await context.store.transact(async (tx) => {
    const row = await stagedFilesTable.get(tx, key)
    if (row !== undefined) stagedFilesTable.put(tx, { ...row, message: id }, key)
  })
}

/** Undefined when nothing of the message's file waits. */
export async function waitingFileOf(context: NodeContext, id: MessageId): Promise<WaitingFile | undefined> {
  const found = (await stagedFilesTable.list(context.store, [])).find(({ row }) => row.message === id)
  if (found === undefined) return undefined
  const { stored, total, minBandwidthBps } = found.row
  const fast = isCarrierFastEnough(context, minBandwidthBps)
  return { stored, total, minBandwidthBps, waitsFor: fast ? 'carrier' : 'bandwidth' }
}

async function forgetFile(context: NodeContext, id: string): Promise<void> {
  for (;;) {
    const chunks = await stagedChunksTable.list(context.store, [id], { limit: BLOB_BATCH })
    await context.store.transact((tx) => {
      for (const { parts } of chunks) stagedChunksTable.delete(tx, ...parts)
      if (chunks.length < BLOB_BATCH) stagedFilesTable.delete(tx, id)
    })
    if (chunks.length < BLOB_BATCH) return
  }
}

/** Puts what waits, whenever a carrier takes it, until the node closes. Never rejects. */
export async function runStagedFiles(context: NodeContext): Promise<void> {
  const { news, open } = stagingOf(context)
  const retry = backoff(context.clock, context.crypto)
  while (!context.closing.aborted) {
    try {
      const rows = await stagedFilesTable.list(context.store, [])
      // One that has no manifest was not sealed to its end when the process ended.
      for (const { parts, row } of rows)
        if (row.total === 0 && !open.has(parts[0] as string)) await forgetFile(context, parts[0] as string)
      const waiting = rows.filter(({ row }) => row.total > 0)
      if (waiting.length === 0) {
        await news.wait(context.closing)
        continue
      }
      waiting.sort((a, b) => a.row.minBandwidthBps - b.row.minBandwidthBps)
      let moved = false
      for (const { parts } of waiting) moved = (await putSome(context, parts[0] as string)) || moved
      if (moved) retry.reset()
      else await retry.wait(context.closing)
    } catch (error) {
      if (context.closing.aborted) return
      context.logger.warn('files: chunks were not stored', { code: codeOf(error) })
      await retry.wait(context.closing).catch(() => {})
    }
  }
}

/** Puts one batch of a file's chunks; false when none of the carriers takes them now. */
async function putSome(context: NodeContext, id: string): Promise<boolean> {
  const row = await stagedFilesTable.get(context.store, id)
  if (row === undefined || !isCarrierFastEnough(context, row.minBandwidthBps)) return false
  const chunks = await stagedChunksTable.list(context.store, [id], { limit: BLOB_BATCH })
  try {
    await putMissing(
      context,
      row.minBandwidthBps,
      chunks.map(({ row: data }) => ({ hash: context.crypto.sha256(data), data })),
    )
  } catch (error) {
    context.logger.debug('files: a batch was not stored', { code: codeOf(error) })
    return false
  }
  const last = chunks.length < BLOB_BATCH
  const message = await context.store.transact(async (tx) => {
    const now = await stagedFilesTable.get(tx, id)
    for (const { parts } of chunks) stagedChunksTable.delete(tx, ...parts)
    if (last) stagedFilesTable.delete(tx, id)
    else if (now !== undefined) stagedFilesTable.put(tx, { ...now, stored: now.stored + chunks.length }, id)
    return now?.message ?? ''
  })
  if (last && message !== '') context.emit({ type: 'file-stored', id: message as MessageId })
  return true
}

async function putMissing(
  context: NodeContext,
  minBandwidthBps: number,
  blobs: CarrierBlob[],
): Promise<void> {
  if (blobs.length === 0) return
  const signal = context.closing
  const there = await blobsOf(context).has(
    blobs.map(({ hash }) => hash),
    { signal },
  )
  const missing = blobs.filter((_, i) => there[i] !== true)
  if (missing.length > 0) await blobsOf(context).put(missing, { signal, minBandwidthBps, priority: 'bulk' })
}

function codeOf(error: unknown): string {
  return isHyphaeError(error) ? error.code : 'unknown'
}
