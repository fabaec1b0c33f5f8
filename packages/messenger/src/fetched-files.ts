/**
 * Frames of files that are half fetched, so that a download that ended early asks for the missing ones alone
 * (spec/messenger.md, Files). They go when the file is whole, or was not asked for in a month.
 */
import { equalBytes } from '@hyphae/core'
import type { NodeContext } from './context.js'
import { fetchedChunksTable, fetchedFilesTable } from './file-rows.js'
import { BLOB_BATCH, KEPT_DOWNLOAD_MS } from './limits.js'

export interface FetchedFrames {
  /** What was kept of these, checked against their hashes: undefined where nothing was. */
  known(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** Keeps frames whose hashes were checked. */
  keep(frames: readonly { readonly hash: Uint8Array; readonly frame: Uint8Array }[]): Promise<void>
  /** The file is whole. */
  forget(): Promise<void>
}

/** For files of one batch, which are asked for in one call: nothing is kept. */
export const noFrames: FetchedFrames = {
  known: async (hashes) => hashes.map(() => undefined),
  keep: async () => {},
  forget: async () => {},
}

export async function fetchedFrames(context: NodeContext, manifest: Uint8Array): Promise<FetchedFrames> {
  const { store, crypto, clock } = context
  await forgetOld(context)
  await store.transact((tx) => fetchedFilesTable.put(tx, Math.max(0, clock.now()), manifest))
  return {
    known: (hashes) =>
      Promise.all(
        hashes.map(async (hash) => {
          const frame = await fetchedChunksTable.get(store, manifest, hash)
          return frame !== undefined && equalBytes(crypto.sha256(frame), hash) ? frame : undefined
        }),
      ),
    keep: async (frames) => {
      if (frames.length === 0) return
      await store.transact((tx) => {
        for (const { hash, frame } of frames) fetchedChunksTable.put(tx, frame, manifest, hash)
      })
    },
    forget: () => forgetFetched(context, manifest),
  }
}

async function forgetFetched(context: NodeContext, manifest: Uint8Array): Promise<void> {
  for (;;) {
    const chunks = await fetchedChunksTable.list(context.store, [manifest], { limit: BLOB_BATCH })
    await context.store.transact((tx) => {
      for (const { parts } of chunks) fetchedChunksTable.delete(tx, ...parts)
      if (chunks.length < BLOB_BATCH) fetchedFilesTable.delete(tx, manifest)
    })
    if (chunks.length < BLOB_BATCH) return
  }
}

async function forgetOld(context: NodeContext): Promise<void> {
  const now = context.clock.now()
  for (const { parts, row } of await fetchedFilesTable.list(context.store, []))
    if (now - row > KEPT_DOWNLOAD_MS) await forgetFetched(context, parts[0] as Uint8Array)
}
