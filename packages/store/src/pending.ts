/**
 * Writes that are not on disk yet. A transaction reads through layers of them, newest first, to the engine.
 * Knows nothing of when or how they are written.
 */
import type { ListOptions, StoreEntry, StoreKey } from '@hyphae/core'
import { equalBytes } from '@hyphae/core'
import type { OpenedRecord, RecordCodec } from './codec.js'
import { byteText, type Engine, type EngineRange } from './engine.js'
import { StoreError } from './errors.js'
import { afterPrefix, decodeTuple, encodeNumber, NUMBER_PART } from './tuple.js'

export interface PendingWrite {
  readonly stored: Uint8Array
  readonly tuple: Uint8Array
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined
}

/** By `byteText` of the stored key. */
export type Layer = ReadonlyMap<string, PendingWrite>

export interface ReadContext {
  readonly engine: Engine
  readonly codec: RecordCodec
  /** Told of each damaged record that a list leaves out; without it a list throws. */
  readonly onCorrupt?: ((error: StoreError) => void) | undefined
}

/** @throws StoreError `store/corrupt`, or what the engine throws */
export async function readOne(
  context: ReadContext,
  layers: readonly Layer[],
  key: StoreKey,
): Promise<Uint8Array | undefined> {
  const { stored, tuple } = context.codec.locate(key)
  const name = byteText(stored)
  for (const layer of layers) {
    const pending = layer.get(name)
    if (pending !== undefined) return pending.value?.slice()
  }
  const sealed = await context.engine.get(stored)
  if (sealed === undefined) return undefined
  const record = context.codec.open(stored, sealed)
  if (!equalBytes(record.tuple, tuple)) throw new StoreError('store/corrupt', { details: { part: 'key' } })
  return record.value
}

export async function readList(
  context: ReadContext,
  layers: readonly Layer[],
  prefix: StoreKey,
  options: ListOptions = {},
): Promise<StoreEntry[]> {
  const range = listRange(context.codec.locate(prefix).stored, options)
  const pending = pendingIn(layers, range)
  // Each pending write hides at most one stored record, so this many more are always enough.
  const limit = options.limit === undefined ? {} : { limit: options.limit + pending.size }
  const found = new Map<string, PendingWrite>()
  for (const { key, value } of await context.engine.range({ ...range, ...limit })) {
    const name = byteText(key)
    if (pending.has(name)) continue
    const record = openOrReport(context, key, value)
    if (record !== undefined) found.set(name, { stored: key, ...record })
  }
  for (const [name, write] of pending) if (write.value !== undefined) found.set(name, write)
  return inOrder(found, pending.size > 0, range)
    .slice(0, options.limit)
    .map(toEntry)
}

/** Byte range of a list: everything below the prefix, or its numbers from `from` up. */
function listRange(prefix: Uint8Array, options: ListOptions): EngineRange {
  const reverse = options.reverse ?? false
  if (options.limit !== undefined && !(Number.isSafeInteger(options.limit) && options.limit >= 0))
    throw new StoreError('store/bad-key', { details: { limit: options.limit } })
  if (options.from === undefined) return { gte: prefix, lt: afterPrefix(prefix), reverse }
  const number = encodeNumber(options.from)
  const gte = join(prefix, number)
  return { gte, lt: afterPrefix(join(prefix, Uint8Array.of(NUMBER_PART))), reverse }
}

function pendingIn(layers: readonly Layer[], range: EngineRange): Map<string, PendingWrite> {
  const low = byteText(range.gte)
  const high = byteText(range.lt)
  const inside = new Map<string, PendingWrite>()
  for (const layer of layers)
    for (const [name, write] of layer)
      if (name >= low && name < high && !inside.has(name)) inside.set(name, write)
  return inside
}

function openOrReport(context: ReadContext, key: Uint8Array, value: Uint8Array): OpenedRecord | undefined {
  try {
    return context.codec.open(key, value)
  } catch (error) {
    if (context.onCorrupt === undefined || !(error instanceof StoreError)) throw error
    context.onCorrupt(error)
    return undefined
  }
}

function inOrder(found: Map<string, PendingWrite>, merged: boolean, range: EngineRange): PendingWrite[] {
  if (!merged) return [...found.values()]
  const names = [...found.keys()].sort()
  if (range.reverse) names.reverse()
  return names.map((name) => found.get(name) as PendingWrite)
}

function toEntry(write: PendingWrite): StoreEntry {
  return { key: decodeTuple(write.tuple), value: (write.value as Uint8Array).slice() }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
