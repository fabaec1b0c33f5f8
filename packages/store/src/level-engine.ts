/**
 * Engine over an abstract-level database: LevelDB on Node, IndexedDB in browsers.
 *
 * After a failed write LevelDB's log is in an unknown state: the batch may still be replayed at the next open,
 * and what is appended behind a torn record may be lost. So after a failure the old contents of the keys are
 * read through the handle that is still good, and before the next write the database is opened afresh and they
 * are put back: a batch that was rejected stays rejected. IndexedDB needs none of this.
 */
import type { Engine, EngineEntry, EngineRange, EngineWrite } from './engine.js'
import { StoreError, type StoreErrorCode } from './errors.js'

type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

/** The part of an abstract-level database that is used; keys and values are `view`-encoded. */
export interface LevelDatabase {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Only called with `inlineReads`. */
  getSync(key: Uint8Array): Uint8Array | undefined
  getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  iterator(range: { gte: Uint8Array; lt: Uint8Array; reverse: boolean; limit: number }): {
    all(): Promise<[Uint8Array, Uint8Array][]>
  }
  batch(operations: Operation[], options: { sync: boolean }): Promise<void>
  close(): Promise<void>
}

export interface LevelEngineOptions {
  /** Opens the database, at the start and again after a failed write. */
  readonly open: () => Promise<LevelDatabase>
  /** Whether a failed batch may have left a trace. */
  readonly reopenAfterFailure: boolean
  /**
   * Reads single records on this thread instead of handing them to another: for LevelDB, where a hop costs three
   * times the read. One that has to wait for the disk makes the event loop wait.
   */
  readonly inlineReads: boolean
}

/** @throws StoreError `store/locked`, `store/io`, `store/full`, `store/corrupt` */
export async function levelEngine(options: LevelEngineOptions): Promise<Engine> {
  const { open, reopenAfterFailure, inlineReads } = options
  let database: LevelDatabase | undefined = await attempt(open)
  let undo: Operation[] | undefined
  let reopening: Promise<LevelDatabase> | undefined
  /** Set when a batch failed and not even the old contents could be read: nothing can be promised any more. */
  let lost: unknown

  const reopen = async (): Promise<LevelDatabase> => {
    const old = database
    database = undefined
    await old?.close()
    const fresh = await open()
    try {
      if (undo !== undefined) await fresh.batch(undo, { sync: true })
    } catch (cause) {
      await fresh.close()
      throw cause
    }
    undo = undefined
    database = fresh
    return fresh
  }
  const healed = (): Promise<LevelDatabase> => {
    reopening ??= reopen().finally(() => {
      reopening = undefined
    })
    return reopening
  }
  const usable = (): Promise<LevelDatabase> => {
    if (lost !== undefined) throw lost
    return reopening === undefined && database !== undefined ? Promise.resolve(database) : healed()
  }
  const failed = async (level: LevelDatabase, batch: readonly EngineWrite[]): Promise<void> => {
    if (!reopenAfterFailure) return
    try {
      undo = await contents(level, batch)
    } catch (cause) {
      lost = cause
    }
  }

  return {
    get: (key) =>
      attempt(async () => {
        const level = await usable()
        return plain(inlineReads ? level.getSync(key) : await level.get(key))
      }),
    range: (range) => attempt(async () => readRange(await usable(), range)),
    write: (batch) =>
      attempt(async () => {
        const level = await (undo === undefined ? usable() : healed())
        try {
          await level.batch(batch.map(operation), { sync: true })
        } catch (cause) {
          await failed(level, batch)
          throw cause
        }
      }),
    close: () =>
      attempt(async () => {
        // The last chance to put back what a rejected batch may have changed.
        if (undo !== undefined || reopening !== undefined) await healed().catch(() => undefined)
        await database?.close()
      }),
  }
}

async function readRange(level: LevelDatabase, range: EngineRange): Promise<EngineEntry[]> {
  const { gte, lt, reverse = false, limit = -1 } = range
  if (limit === 0) return []
  const found = await level.iterator({ gte, lt, reverse, limit }).all()
  return found.map(([key, value]) => ({ key: plain(key), value: plain(value) }))
}

function operation({ key, value }: EngineWrite): Operation {
  return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
}

/** What the keys of a batch hold now, as the batch that would restore it. */
async function contents(level: LevelDatabase, batch: readonly EngineWrite[]): Promise<Operation[]> {
  const keys = batch.map(({ key }) => key)
  const values = await level.getMany(keys)
  return keys.map((key, index) => operation({ key, value: plain(values[index]) }))
}

/** A Uint8Array of its own: LevelDB hands out Buffers. */
function plain(bytes: Uint8Array): Uint8Array
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new Uint8Array(bytes)
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError(codeOf(cause), { cause })
  }
}

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  LEVEL_LOCKED: 'store/locked',
  LEVEL_CORRUPTION: 'store/corrupt',
  QuotaExceededError: 'store/full',
}

/** Looks through the chain of causes: abstract-level wraps what happened while opening. */
function codeOf(cause: unknown): StoreErrorCode {
  let error: unknown = cause
  while (error instanceof Error || (typeof DOMException !== 'undefined' && error instanceof DOMException)) {
    const code = CODES['code' in error ? String(error.code) : ''] ?? CODES[error.name]
    if (code !== undefined) return code
    if (/no space left|ENOSPC|EDQUOT|file too large/i.test(error.message)) return 'store/full'
    error = error.cause
  }
  return 'store/io'
}
