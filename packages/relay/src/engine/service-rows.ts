/** Rows of services in the embedded engine. spec/relay.md section 5; the port is in rows.ts. */
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { type RelayLimits, SWEEP_STEP } from '../limits.js'
import type { Batch } from './batch.js'
import type { Committer, Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import type { Refusal, Spend } from './engine.js'
import { binary, readSeq, spentKey, writeSeq } from './keys.js'
import { ROW_DUE_RANGE, readRowDueKey, rowDueKey, rowKey } from './row-keys.js'
import { checkRow, type NamedRow, type Row, rowsUnreachable, type ServiceRows } from './rows.js'
import { useUp } from './spends.js'

export interface RowsContext {
  database(): Database
  readonly committer: Committer
  readonly limits: RelayLimits
  now(): number
}

/** until u64, 0: for ever | version u64 */
const HEAD_BYTES = 16
/** Rows count as entries of what is due do, which take so many bytes; what is stored for users is counted apart. */
const ENTRY_BYTES = 128
const NOTHING = Uint8Array.of(0)
const VERSION_BYTES = 6

/** By chance never the same again; positions of frames stay as if there were no rows. */
function newVersion({ randomBytes }: Pick<CryptoProvider, 'randomBytes'>): number {
  return 1 + Buffer.from(randomBytes(VERSION_BYTES)).readUIntBE(0, VERSION_BYTES)
}

interface Held extends Row {
  readonly until: number
}

function decode(bytes: Uint8Array): Held {
  return {
    until: readSeq(bytes, 0),
    version: readSeq(bytes, 8),
    value: Uint8Array.from(bytes.subarray(HEAD_BYTES)),
  }
}

function encode(until: number, version: number, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + value.length)
  writeSeq(bytes, 0, until)
  writeSeq(bytes, 8, version)
  bytes.set(value, HEAD_BYTES)
  return bytes
}

function isThere({ until }: Held, now: number): boolean {
  return until === 0 || until > now
}

function live(bytes: Uint8Array | undefined, now: number): Held | undefined {
  const held = bytes === undefined ? undefined : decode(bytes)
  return held !== undefined && isThere(held, now) ? held : undefined
}

/** The row with its keys, in entries. */
function entriesOf(bytes: number): number {
  return 1 + Math.ceil(bytes / ENTRY_BYTES)
}

/** Without counting what comes instead. */
function drop(batch: Batch, key: string, bytes: Uint8Array): void {
  const { until } = decode(bytes)
  if (until > 0) batch.del(rowDueKey(until, key))
  batch.counters.rows = Math.max(0, batch.counters.rows - entriesOf(bytes.length))
}

function putJob(
  key: string,
  value: Uint8Array,
  version: number,
  until: number,
  { limits, now }: RowsContext,
): Job<number | undefined | 'full'> {
  const name = rowKey(key)
  const at = now()
  const next = newVersion(defaultCrypto)
  const run = (batch: Batch): number | undefined | 'full' => {
    const before = batch.known(name)
    if ((live(before, at)?.version ?? 0) !== version) return undefined
    const { counters } = batch
    const bytes = HEAD_BYTES + value.length
    if (before === undefined && !hasRoom(counters, ENTRY_BYTES * entriesOf(bytes), limits)) return 'full'
    if (before !== undefined) drop(batch, key, before)
    counters.rows += entriesOf(bytes)
    batch.put(name, encode(until, next, value))
    if (until > 0) batch.put(rowDueKey(until, key), NOTHING)
    return next
  }
  return { reads: [name], bytes: value.length, run }
}

function removeJob(key: string, version: number, now: number): Job<boolean> {
  const name = rowKey(key)
  const run = (batch: Batch): boolean => {
    const before = batch.known(name)
    if (before === undefined || live(before, now)?.version !== version) return false
    drop(batch, key, before)
    batch.del(name)
    return true
  }
  return { reads: [name], bytes: 0, run }
}

/** The purpose is a use of its own, of which there is one. */
function useJob(spend: Spend, purpose: Uint8Array, { sha256 }: Pick<CryptoProvider, 'sha256'>): Job<boolean> {
  const named = { ...spend, name: sha256(Buffer.concat([spend.name, purpose])), most: 1 }
  const run = (batch: Batch): boolean => {
    if (batch.known(spentKey(named.name)) !== undefined) return true
    return useUp(batch, spend) && useUp(batch, named)
  }
  return { reads: [spentKey(spend.name), spentKey(named.name)], bytes: 0, run }
}

async function expire(batch: Batch, keys: readonly Uint8Array[]): Promise<void> {
  for (const due of keys) {
    const { at, key } = readRowDueKey(due)
    const name = rowKey(key)
    const bytes = await batch.get(name)
    if (bytes !== undefined && decode(bytes).until === at) {
      drop(batch, key, bytes)
      batch.del(name)
    }
    batch.del(due)
  }
}

function isRefusal(result: unknown): result is Refusal {
  return typeof result === 'object' && result !== null && 'refused' in result
}

/** Counted as a thing that may be used once, whose count is forgotten when it cannot be shown any more. */
function onceJob(name: Uint8Array, until: number): Job<boolean> {
  const spend = { name, most: 1, until: Math.ceil(until) }
  return { reads: [spentKey(name)], bytes: ENTRY_BYTES, run: (batch) => useUp(batch, spend) }
}

export function createServiceRows(context: RowsContext): ServiceRows & {
  sweep(signal: AbortSignal): Promise<void>
} {
  const { database, committer, now } = context
  const submit = async <T>(job: Job<T>): Promise<T> => {
    const result = await committer.submit(job)
    if (isRefusal(result)) throw rowsUnreachable()
    return result
  }
  return {
    shared: false,
    get: async (key) => {
      checkRow(key)
      const [bytes] = await database().getMany([rowKey(key)])
      return live(bytes, now())
    },
    put: async (key, value, version, until = 0) => {
      checkRow(key, value)
      const result = await submit(putJob(key, value, version, Math.ceil(until), context))
      if (result === 'full') throw rowsUnreachable()
      return result
    },
    remove: (key, version) => submit(removeJob(key, version, now())),
    list: async (prefix) => {
      const found = await database().entries({ gte: rowKey(`${prefix}.`), lt: rowKey(`${prefix}/`) })
      return found.flatMap(([name, bytes]): NamedRow[] => {
        const held = live(bytes, now())
        return held === undefined ? [] : [{ ...held, key: binary(name.subarray(1)) }]
      })
    },
    use: (spend, purpose) => submit(useJob(spend, purpose, defaultCrypto)),
    once: (name, until) => submit(onceJob(name, until)),
    sweep: async (signal) => {
      const range = { gte: ROW_DUE_RANGE.gte, lt: rowDueKey(now() + 1, ''), limit: SWEEP_STEP }
      while (!signal.aborted) {
        const found = await database().entries(range)
        if (found.length === 0) return
        const keys = found.map(([key]) => key)
        await submit({ bytes: 0, run: (batch) => expire(batch, keys) })
      }
    },
  }
}
