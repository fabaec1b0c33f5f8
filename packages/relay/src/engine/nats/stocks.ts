/**
 * One-time items in the NATS engine: a message each, and a document that says which uploads count.
 * spec/relay.md section 4, spec/relay-engines.md section 2.3.
 *
 * Whoever removes an item's message owns the item: the servers say so to one. A crash between that and the answer
 * loses the item and gives it to nobody.
 */
import { equalBytes, type StockUpload } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { MAX_STOCK_ITEMS } from '../../limits.js'
import { refuse, type Taken, type Verdict } from '../engine.js'
import type { Documents } from './documents.js'
import type { JetStream } from './jetstream.js'
import { documentKey, type Subjects } from './names.js'
import { unreachable } from './requests.js'

interface Stock {
  readonly sequence: number
  readonly signature: Uint8Array
  /** Uploads whose items may be taken, oldest first. */
  readonly uploads: readonly number[]
  readonly lastResort: Uint8Array
}

export interface StockContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly documents: Documents
}

const SIGNATURE_BYTES = 64
const FIXED_BYTES = 8 + SIGNATURE_BYTES + 2
const UPLOAD_BYTES = 8
const ATTEMPT_BYTES = 6
const NOTHING = new Uint8Array(0)
const EMPTY: Stock = {
  sequence: -1,
  signature: new Uint8Array(SIGNATURE_BYTES),
  uploads: [],
  lastResort: NOTHING,
}

/** sequence u64 | signature 64 | uploads u16 | name of upload u64 × uploads | last resort */
function encode({ sequence, signature, uploads, lastResort }: Stock): Uint8Array {
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + uploads.length * UPLOAD_BYTES + lastResort.length)
  bytes.writeBigUInt64LE(BigInt(sequence), 0)
  bytes.set(signature, 8)
  bytes.writeUInt16LE(uploads.length, 72)
  uploads.forEach((upload, i) => {
    bytes.writeBigUInt64LE(BigInt(upload), FIXED_BYTES + i * UPLOAD_BYTES)
  })
  bytes.set(lastResort, FIXED_BYTES + uploads.length * UPLOAD_BYTES)
  return bytes
}

function decode(value: Uint8Array | undefined): Stock {
  if (value === undefined) return EMPTY
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const count = bytes.readUInt16LE(72)
  const uploads = Array.from({ length: count }, (_, i) =>
    Number(bytes.readBigUInt64LE(FIXED_BYTES + i * UPLOAD_BYTES)),
  )
  return {
    sequence: Number(bytes.readBigUInt64LE(0)),
    signature: bytes.subarray(8, 72),
    uploads,
    lastResort: bytes.subarray(FIXED_BYTES + count * UPLOAD_BYTES),
  }
}

function stockName(writer: Uint8Array, kind: number): string {
  return `${documentKey(writer)}-${kind}`
}

async function readStock({ documents, names }: StockContext, stock: string): Promise<Stock> {
  return decode(await documents.get(names.document('stock', stock)))
}

/** Items that wait in each upload. */
async function waitingIn(
  { js, names }: StockContext,
  stock: string,
  { uploads }: Stock,
): Promise<{ readonly upload: number; readonly count: number }[]> {
  return Promise.all(
    uploads.map(async (upload) => {
      const subject = names.itemsOf(stock, upload)
      const subjects = await js.subjects(names.items, subject)
      return { upload, count: subjects.get(subject) ?? 0 }
    }),
  )
}

/** Undefined: it may be stored. */
function verdictOn(held: Stock, upload: StockUpload, waiting: number): Verdict | undefined {
  if (upload.sequence === held.sequence && equalBytes(upload.signature, held.signature)) return null
  if (upload.sequence <= held.sequence) return refuse('stale')
  return waiting + upload.items.length > MAX_STOCK_ITEMS ? refuse('stock-full') : undefined
}

/** Names one attempt: what an interrupted one has left is in nobody's document, and nobody takes from it. */
function newAttempt(): number {
  return Buffer.from(defaultCrypto.randomBytes(ATTEMPT_BYTES)).readUIntBE(0, ATTEMPT_BYTES)
}

/** In their order. */
async function storeItems(
  { js, names }: StockContext,
  stock: string,
  attempt: number,
  items: readonly Uint8Array[],
): Promise<void> {
  const subject = names.itemsOf(stock, attempt)
  const stored = await Promise.all(items.map((item) => js.publish(subject, item)))
  if (stored.some(({ kind }) => kind !== 'stored')) throw unreachable()
}

interface Outcome {
  readonly verdict: Verdict
  /** Uploads that the document does not name any more, or never did. */
  readonly unused: readonly number[]
}

export async function storeUpload(context: StockContext, upload: StockUpload): Promise<Verdict> {
  const { documents, names, js } = context
  const stock = stockName(upload.writer, upload.kind)
  const before = await readStock(context, stock)
  const counts = upload.replace ? [] : await waitingIn(context, stock, before)
  const waiting = counts.reduce((sum, { count }) => sum + count, 0)
  const early = verdictOn(before, upload, waiting)
  if (early !== undefined) return early
  const attempt = newAttempt()
  await storeItems(context, stock, attempt, upload.items)
  const left = counts.filter(({ count }) => count > 0).map((one) => one.upload)
  const { verdict, unused } = await documents.change<Outcome>(names.document('stock', stock), (value) => {
    const held = decode(value)
    const late = verdictOn(held, upload, waiting)
    if (late !== undefined) return { next: undefined, result: { verdict: late, unused: [attempt] } }
    const uploads = [...left, attempt]
    const lastResort = upload.lastResort.length > 0 ? upload.lastResort : held.lastResort
    const { sequence, signature } = upload
    const gone = held.uploads.filter((one) => !uploads.includes(one))
    return {
      next: encode({ sequence, signature, uploads, lastResort }),
      result: { verdict: null, unused: gone },
    }
  })
  // What stays costs room and is in nobody's document.
  for (const one of unused) await js.purge(names.items, names.itemsOf(stock, one)).catch(() => {})
  return verdict
}

async function takeFrom({ js, names }: StockContext, subject: string): Promise<Uint8Array | undefined> {
  for (let from = 1, n = 0; n < MAX_STOCK_ITEMS; n++) {
    const item = await js.next(names.items, subject, from)
    if (item === undefined) return undefined
    if (await js.remove(names.items, item.seq)) return item.data
    // Another take was faster.
    from = item.seq + 1
  }
  return undefined
}

export async function takeItem(context: StockContext, writer: Uint8Array, kind: number): Promise<Taken> {
  const stock = stockName(writer, kind)
  const { uploads, lastResort } = await readStock(context, stock)
  for (const upload of uploads) {
    const item = await takeFrom(context, context.names.itemsOf(stock, upload))
    if (item !== undefined) return { found: 'one-time', item }
  }
  return { found: lastResort.length > 0 ? 'last-resort' : 'none', item: lastResort }
}

export async function remainingItems(
  context: StockContext,
  writer: Uint8Array,
  kind: number,
): Promise<number> {
  const stock = stockName(writer, kind)
  const counts = await waitingIn(context, stock, await readStock(context, stock))
  return counts.reduce((sum, { count }) => sum + count, 0)
}
