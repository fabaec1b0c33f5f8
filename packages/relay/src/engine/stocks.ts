/** One-time items and last resorts of the embedded engine. spec/relay.md section 4. */
import { equalBytes, type StockUpload } from '@hyphae/core'
import { BOX_FULL_RETRY_MS, MAX_STOCK_ITEMS, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { refuse, type Taken, type Verdict } from './engine.js'
import { itemKey, readSeq, stockKey, writeSeq } from './keys.js'

/** Items first ≤ n < next wait. */
interface Stock {
  readonly sequence: number
  readonly signature: Uint8Array
  readonly first: number
  readonly next: number
  readonly lastResort: Uint8Array
}

const SIGNATURE_BYTES = 64
const FIXED_BYTES = 24 + SIGNATURE_BYTES
const EMPTY: Stock = {
  sequence: -1,
  signature: new Uint8Array(SIGNATURE_BYTES),
  first: 0,
  next: 0,
  lastResort: new Uint8Array(0),
}

function encodeStock(stock: Stock): Uint8Array {
  const value = Buffer.allocUnsafe(FIXED_BYTES + stock.lastResort.length)
  writeSeq(value, 0, stock.sequence)
  writeSeq(value, 8, stock.first)
  writeSeq(value, 16, stock.next)
  value.set(stock.signature, 24)
  value.set(stock.lastResort, FIXED_BYTES)
  return value
}

function decodeStock(value: Uint8Array | undefined): Stock {
  if (value === undefined) return EMPTY
  return {
    sequence: readSeq(value, 0),
    first: readSeq(value, 8),
    next: readSeq(value, 16),
    signature: value.subarray(24, FIXED_BYTES),
    lastResort: value.subarray(FIXED_BYTES),
  }
}

/** The stock with no item waiting; sequence and last resort stay. */
export function withoutItems(value: Uint8Array): Uint8Array {
  const stock = decodeStock(value)
  return encodeStock({ ...stock, first: stock.next })
}

function uploadBytes({ items, lastResort }: StockUpload): number {
  return items.reduce((sum, item) => sum + item.length, lastResort.length)
}

export function stockJob(upload: StockUpload, limits: RelayLimits): Job<Verdict | Promise<Verdict>> {
  const key = stockKey(upload.writer, upload.kind)
  return { reads: [key], bytes: uploadBytes(upload), run: (batch) => stock(batch, key, upload, limits) }
}

async function stock(
  batch: Batch,
  key: Uint8Array,
  upload: StockUpload,
  limits: RelayLimits,
): Promise<Verdict> {
  const held = decodeStock(batch.known(key))
  if (upload.sequence === held.sequence && equalBytes(upload.signature, held.signature)) return null
  if (upload.sequence <= held.sequence) return refuse('stale')
  const waiting = upload.replace ? 0 : held.next - held.first
  if (waiting + upload.items.length > MAX_STOCK_ITEMS) return refuse('stock-full', BOX_FULL_RETRY_MS)
  const { counters } = batch
  if (!hasRoom(counters, uploadBytes(upload), limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
  if (upload.replace) await dropItems(batch, upload, held)
  upload.items.forEach((item, i) => {
    batch.put(itemKey(upload.writer, upload.kind, held.next + i), item)
    counters.bytes += item.length
  })
  counters.items += upload.items.length
  const lastResort = upload.lastResort.length > 0 ? upload.lastResort : held.lastResort
  counters.bytes += lastResort.length - held.lastResort.length
  batch.put(
    key,
    encodeStock({
      sequence: upload.sequence,
      signature: upload.signature,
      first: upload.replace ? held.next : held.first,
      next: held.next + upload.items.length,
      lastResort,
    }),
  )
  return null
}

async function dropItems(batch: Batch, { writer, kind }: StockUpload, held: Stock): Promise<void> {
  for (let n = held.first; n < held.next; n++) {
    const key = itemKey(writer, kind, n)
    batch.counters.bytes -= (await batch.get(key))?.length ?? 0
    batch.counters.items -= 1
    batch.del(key)
  }
}

const TAKE_BYTES = 64

export function takeJob(writer: Uint8Array, kind: number): Job<Taken | Promise<Taken>> {
  const key = stockKey(writer, kind)
  return { reads: [key], bytes: TAKE_BYTES, run: (batch) => take(batch, key, writer, kind) }
}

async function take(batch: Batch, key: Uint8Array, writer: Uint8Array, kind: number): Promise<Taken> {
  const held = decodeStock(batch.known(key))
  if (held.first < held.next) {
    const name = itemKey(writer, kind, held.first)
    const item = await batch.get(name)
    if (item === undefined) throw new Error('a stock counts an item that is not there')
    batch.del(name)
    batch.put(key, encodeStock({ ...held, first: held.first + 1 }))
    batch.counters.items -= 1
    batch.counters.bytes -= item.length
    return { found: 'one-time', item }
  }
  if (held.lastResort.length > 0) return { found: 'last-resort', item: held.lastResort }
  return { found: 'none', item: new Uint8Array(0) }
}

export async function remainingItems(database: Database, writer: Uint8Array, kind: number): Promise<number> {
  const [value] = await database.getMany([stockKey(writer, kind)])
  const { first, next } = decodeStock(value)
  return next - first
}
