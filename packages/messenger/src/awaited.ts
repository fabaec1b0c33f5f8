/**
 * Frames that came before the Welcome that says whose they are (spec/privacy.md section 3): the others may write to a new
 * member long before it has read that it is one. They lie in the box of a KeyPackage that this node made, and are kept in
 * the store until that box is opened.
 */
import { type BoxId, type BucketFrame, type StoreReader, toHex } from '@hyphae/core'
import { boxOfSeed } from './boxes.js'
import type { NodeContext } from './context.js'
import { MAX_EARLY_FRAMES } from './limits.js'
import { awaitedFramesTable, keyPackagesTable } from './rows.js'

/** Boxes of KeyPackages, by the hashes of those. */
export interface AwaitedBoxes {
  /** Names and boxes, as they were at the last look. */
  all(): Iterable<BoxId>
  /** Looks at which KeyPackages there are, and drops the frames for boxes that are neither theirs nor open. */
  look(open: (box: Uint8Array) => boolean): Promise<void>
}

export function createAwaitedBoxes(context: NodeContext): AwaitedBoxes {
  let known = new Map<string, BoxId>()
  let swept = false
  return {
    all: () => known.values(),
    look: async (open) => {
      const before = known
      known = new Map()
      for (const { parts, row } of await keyPackagesTable.list(context.store, [])) {
        const name = String(parts[0])
        known.set(name, before.get(name) ?? boxOfSeed(context.crypto, row.boxSeed))
      }
      const gone = [...before.keys()].some((name) => !known.has(name))
      if (swept && !gone) return
      await dropOthers(context, new Set([...known.values()].map((box) => toHex(box))), open)
      swept = true
    },
  }
}

async function dropOthers(
  context: NodeContext,
  awaited: ReadonlySet<string>,
  open: (box: Uint8Array) => boolean,
): Promise<void> {
  await context.store.transact(async (tx) => {
    for (const { parts } of await awaitedFramesTable.list(tx, [])) {
      const box = parts[0] as Uint8Array
      if (!awaited.has(toHex(box)) && !open(box)) awaitedFramesTable.delete(tx, ...parts)
    }
  })
}

/** Keeps a frame, the oldest of its box giving way; the same frame read again is the same row. */
export async function keepAwaited(
  context: NodeContext,
  source: string,
  box: BoxId,
  { cursor, frame }: BucketFrame,
): Promise<void> {
  await context.store.transact(async (tx) => {
    const waiting = await awaitedFramesTable.list(tx, [box])
    const oldest = waiting[0]
    if (waiting.length >= MAX_EARLY_FRAMES && oldest !== undefined)
      awaitedFramesTable.delete(tx, ...oldest.parts)
    awaitedFramesTable.put(tx, frame, box, source, cursor)
  })
}

export async function awaitedFor(
  reader: StoreReader,
  box: BoxId,
): Promise<{ readonly cursor: number; readonly frame: Uint8Array }[]> {
  const rows = await awaitedFramesTable.list(reader, [box])
  return rows.map(({ parts, row }) => ({ cursor: Number(parts[2]), frame: row }))
}

/** They were handed to what reads the box. */
export async function dropAwaited(context: NodeContext, box: BoxId): Promise<void> {
  await context.store.transact(async (tx) => {
    for (const { parts } of await awaitedFramesTable.list(tx, [box])) awaitedFramesTable.delete(tx, ...parts)
  })
}
