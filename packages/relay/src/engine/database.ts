/** The key-value database under the embedded engine: LevelDB, compression off because frames are ciphertext. */
import { mkdir } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import { codeOf, RelayError } from '../errors.js'
import { BLOCK_CACHE_BYTES, CARRY_BATCH_BYTES, WRITE_BUFFER_BYTES } from '../limits.js'
import type { Slot } from './keys.js'

export type Write =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** Where the rows of one transaction go. Keys and values are copied, so their memory may be used again. */
export interface Stage {
  put(key: Uint8Array, value: Uint8Array): void
  /** Under a key that was never put and never deleted before: deleting it soon costs nothing. */
  fresh(key: Uint8Array, value: Uint8Array): void
  /** The same, and found by `entries` and `keys` only. */
  loose(key: Uint8Array, value: Uint8Array): void
  del(key: Uint8Array): void
  /** `fresh` under the key of a frame. */
  frame(box: Uint8Array, place: Slot, frame: Uint8Array): void
  dropFrame(box: Uint8Array, place: Slot): void
  /** `put` under the key of an id, without a value. */
  id(box: Uint8Array, id: Uint8Array): void
  /** True when this transaction has put the id. */
  putsId(box: Uint8Array, id: Uint8Array): boolean
  readonly rows: number
}

export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly limit?: number
}

/** What the engine uses of a database, so that tests can put a failing disk under it. */
export interface Database {
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  entries(range: KeyRange): Promise<[Uint8Array, Uint8Array][]>
  keys(range: KeyRange): AsyncIterable<Uint8Array>
  /** Everything as it was when this was called, in chunks of at most `size` entries. */
  snapshot(size: number): AsyncIterable<[Uint8Array, Uint8Array][]>
  /** Removes what deleted and overwritten entries still hold of the disk. */
  compact(): Promise<void>
  /**
   * What `fill` stages, all or nothing, on disk when it resolves; nothing is written when `fill` throws. One at a
   * time. After a rejection only `close` may be called.
   */
  transact(fill: (stage: Stage) => void | Promise<void>): Promise<void>
  /** The same with rows that are there already. */
  write(writes: readonly Write[]): Promise<void>
  close(): Promise<void>
}

export type OpenDatabase = (folder: string) => Promise<Database>

/** LevelDB by itself: what the journal is carried into. */
export interface LevelDatabase extends Omit<Database, 'transact'> {
  /** Durable when it resolves, but not all or nothing. Between two chunks it waits for `pause`. */
  carry(chunks: Iterable<readonly Write[]>, pause: () => Promise<unknown>): Promise<void>
}

const BINARY = { keyEncoding: 'view', valueEncoding: 'view' } as const

function causeCode(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined
  return typeof cause?.code === 'string' ? cause.code : ''
}

function openError(path: string, error: unknown): RelayError {
  const reason = causeCode(error) || codeOf(error)
  const context = { details: { path, reason }, cause: error }
  if (reason === 'LEVEL_LOCKED') return new RelayError('relay/data-locked', { ...context, details: { path } })
  if (reason === 'LEVEL_CORRUPTION') return new RelayError('relay/data-corrupt', context)
  return new RelayError('relay/data-unusable', context)
}

type Level = ClassicLevel<Uint8Array, Uint8Array>

function addTo(batch: ReturnType<Level['batch']>, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.type === 'del') batch.del(write.key)
    else batch.put(write.key, write.value)
  }
}

/** A chained batch: it costs a third of the CPU of an array of operations, which are copied one by one. */
async function writeAll(level: Level, writes: readonly Write[]): Promise<void> {
  const batch = level.batch()
  addTo(batch, writes)
  await batch.write({ sync: true })
}

function bytesOf(writes: readonly Write[]): number {
  let bytes = 0
  for (const write of writes) bytes += write.key.length + (write.type === 'put' ? write.value.length : 0)
  return bytes
}

/** Every batch is synced: LevelDB may begin a new log between two, and syncing the new one says nothing of the old. */
async function carry(
  level: Level,
  chunks: Iterable<readonly Write[]>,
  pause: () => Promise<unknown>,
): Promise<void> {
  let batch = level.batch()
  let bytes = 0
  for (const chunk of chunks) {
    addTo(batch, chunk)
    bytes += bytesOf(chunk)
    if (bytes >= CARRY_BATCH_BYTES) {
      await batch.write({ sync: true })
      batch = level.batch()
      bytes = 0
    }
    await pause()
  }
  if (batch.length > 0) await batch.write({ sync: true })
  else await batch.close()
}

/** An iterator keeps reading the state in which it was opened. */
async function* chunks(
  iterator: ReturnType<Level['iterator']>,
  size: number,
): AsyncGenerator<[Uint8Array, Uint8Array][]> {
  try {
    for (;;) {
      const chunk = await iterator.nextv(size)
      if (chunk.length === 0) return
      yield chunk as [Uint8Array, Uint8Array][]
    }
  } finally {
    await iterator.close()
  }
}

/** Every key begins with one byte below this. */
const BEHIND_ALL_KEYS = Uint8Array.of(0xff)

/** @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable` */
export async function openLevel(folder: string): Promise<LevelDatabase> {
  let level: Level
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    level = new ClassicLevel(folder, { ...BINARY })
    await level.open({
      compression: false,
      writeBufferSize: WRITE_BUFFER_BYTES,
      cacheSize: BLOCK_CACHE_BYTES,
    })
  } catch (error) {
    throw openError(folder, error)
  }
  return {
    getMany: (keys) => level.getMany([...keys]),
    entries: (range) => level.iterator(range).all(),
    keys: (range) => level.keys(range),
    snapshot: (size) => chunks(level.iterator(), size),
    compact: () => level.compactRange(new Uint8Array(0), BEHIND_ALL_KEYS),
    write: (writes) => writeAll(level, writes),
    carry: (chunks, pause) => carry(level, chunks, pause),
    close: () => level.close(),
  }
}
