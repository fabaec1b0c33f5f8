/** Putting the frames of one staged file: batch by batch as they are there, each out of the store when it is stored. */
import type { Blob, MessageId } from '@hyphae/core'
import { blobsOf, type NodeContext } from './context.js'
import type { Gate } from './gate.js'
import { FILE_BATCHES_AT_ONCE } from './limits.js'
import type { Signal } from './signal.js'
import { type StagedBatch, settleBatch, stagedBatch } from './staged-files.js'

export interface PutJob {
  /** The upload's. */
  readonly id: string
  readonly minBandwidthBps: number
  /** Shared by all files. */
  readonly gate: Gate
  /** Called when a carrier has so many frames. */
  readonly onStored: (frames: number) => void
  /** The file is being sealed still: what is there goes already. `grown` fires when there is more, or it has ended. */
  readonly growing: boolean
  readonly grown: Signal
  /** A carrier may have frames that are still here: it is asked. */
  readonly doubt: boolean
}

/** A few batches at once, so that the carrier need not wait for the disk, nor the disk for the carrier. */
export async function putFrames(context: NodeContext, job: PutJob, signal: AbortSignal): Promise<void> {
  const most = job.doubt ? 1 : FILE_BATCHES_AT_ONCE
  const flying = new Set<Promise<void>>()
  try {
    for (let from = 0; ; ) {
      // Before it is read: what is there when it was no longer growing is all there is.
      const { growing } = job
      const leave = await job.gate.enter()
      const batch = await stagedBatch(context, job.id, from).catch((error: unknown) => {
        leave()
        throw error
      })
      if (batch === undefined) {
        leave()
        if (!growing) break
        await job.grown.wait(signal)
        continue
      }
      from = batch.from + batch.frames.length
      const flight = putBatch(context, job, batch, signal).finally(leave)
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
  job: PutJob,
  batch: StagedBatch,
  signal: AbortSignal,
): Promise<void> {
  const blobs = batch.frames.map((data) => ({ hash: context.crypto.sha256(data), data }))
  const missing = job.doubt ? await withoutStored(context, blobs, signal) : blobs
  signal.throwIfAborted()
  const route = { signal, minBandwidthBps: job.minBandwidthBps, priority: 'bulk' } as const
  if (missing.length > 0) await blobsOf(context).put(missing, route)
  const row = await settleBatch(context, job.id, batch)
  if (row === undefined) return
  job.onStored(row.stored)
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
