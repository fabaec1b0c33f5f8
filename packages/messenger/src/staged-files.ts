/**
 * Sealed files on their way to a carrier (spec/messenger.md, Files): frames in the store, taken out as they are stored,
 * and what their message says, so that a file goes on, and is described, after a crash too.
 */
import type { FileBody } from '@hyphae/content'
import { concatBytes, type MessageId, toHex } from '@hyphae/core'
import { CHUNK_FRAME_BYTES } from '@hyphae/tlv'
import type { Selector } from '@hyphae/transport'
import type { NodeContext, Work } from './context.js'
import { type StagedFileRow, stagedBatchesTable, stagedFilesTable } from './file-rows.js'
import type { PutFrames } from './file-seal.js'
import { type Place, placeKey } from './log.js'

const ID_BYTES = 16

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

export interface Staging {
  /** The upload's. */
  readonly id: string
  readonly place: Place
  /** Called after each batch. */
  readonly grown: () => void
}

export function newUploadId({ crypto }: NodeContext): string {
  return toHex(crypto.randomBytes(ID_BYTES))
}

/** Keeps the frames that `seal` puts; `seal` returns what the message will say. Only then they outlive a crash. */
export async function stageFile(
  { store }: NodeContext,
  { id, place, grown }: Staging,
  seal: (put: PutFrames) => Promise<FileBody>,
): Promise<void> {
  const empty: StagedFileRow = { place: placeKey(place), file: null, message: '', total: 0, stored: 0 }
  let total = 0
  const file = await seal(async (batch) => {
    await store.transact((tx) => {
      if (total === 0) stagedFilesTable.put(tx, empty, id)
      stagedBatchesTable.put(tx, concatBytes(...batch.map(({ data }) => data)), id, total)
    })
    total += batch.length
    grown()
  })
  await store.transact(async (tx) => {
    const row = await stagedFilesTable.get(tx, id)
    stagedFilesTable.put(tx, { ...(row ?? empty), file, total }, id)
  })
}

/** The batch that begins at frame `from` or later, without its hashes; undefined after the last. */
export async function stagedBatch(
  context: NodeContext,
  id: string,
  from: number,
): Promise<StagedBatch | undefined> {
  const [entry] = await stagedBatchesTable.list(context.store, [id], { from, limit: 1 })
  if (entry === undefined) return undefined
  const { row } = entry
  const count = row.length / CHUNK_FRAME_BYTES
  const frames = Array.from({ length: count }, (_, i) =>
    row.subarray(i * CHUNK_FRAME_BYTES, (i + 1) * CHUNK_FRAME_BYTES),
  )
  return { from: entry.parts[1] as number, frames }
}

export interface StagedBatch {
  /** Number of the first. */
  readonly from: number
  readonly frames: readonly Uint8Array[]
}

/** Takes stored frames out, and the file with the last of them once its message is sent. */
export function settleBatch(
  context: NodeContext,
  id: string,
  { from, frames }: StagedBatch,
): Promise<StagedFileRow | undefined> {
  return context.store.transact(async (tx) => {
    const row = await stagedFilesTable.get(tx, id)
    stagedBatchesTable.delete(tx, id, from)
    if (row === undefined) return undefined
    const now = { ...row, stored: row.stored + frames.length }
    if (now.stored === now.total && now.message !== '') stagedFilesTable.delete(tx, id)
    else stagedFilesTable.put(tx, now, id)
    return now
  })
}

/**
 * Says in the transaction that sends it which message describes the file. True when all its frames were stored
 * already: then it goes.
 */
export async function nameStagedFile(tx: Work, id: string, message: MessageId): Promise<boolean> {
  const row = await stagedFilesTable.get(tx, id)
  if (row === undefined) return false
  const whole = row.stored === row.total
  if (whole) stagedFilesTable.delete(tx, id)
  else stagedFilesTable.put(tx, { ...row, message }, id)
  return whole
}

/** Undefined when nothing of the message's file waits. */
export async function waitingFileOf(context: NodeContext, id: MessageId): Promise<WaitingFile | undefined> {
  const found = (await stagedFilesTable.list(context.store, [])).find(({ row }) => row.message === id)
  if (found === undefined) return undefined
  const { stored, total } = found.row
  const minBandwidthBps = bandwidthOf(found.row)
  const fast = isCarrierFastEnough(context, minBandwidthBps)
  return { stored, total, minBandwidthBps, waitsFor: fast ? 'carrier' : 'bandwidth' }
}

export function bandwidthOf({ file }: StagedFileRow): number {
  return file?.minBandwidthBps ?? 0
}

export async function forgetStagedFile(context: NodeContext, id: string): Promise<void> {
  for (;;) {
    const [batch] = await stagedBatchesTable.list(context.store, [id], { limit: 1 })
    await context.store.transact((tx) => {
      if (batch === undefined) stagedFilesTable.delete(tx, id)
      else stagedBatchesTable.delete(tx, ...batch.parts)
    })
    if (batch === undefined) return
  }
}
