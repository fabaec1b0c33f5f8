/**
 * One-time items in the NATS engine: chunks of items, and a document that says which are left.
 * spec/relay.md section 4, spec/relay-engines.md section 2.3.
 *
 * A take moves the document on before it reads the item: whoever moved it owns the item, and a crash in between
 * loses the item and gives it to nobody.
 */
import { equalBytes, type StockUpload } from '@hyphae/core'
import { BOX_FULL_RETRY_MS, MAX_STOCK_ITEMS } from '../../limits.js'
import { refuse, type Taken, type Verdict } from '../engine.js'
import type { Documents } from './documents.js'
import { type JetStream, unreachable } from './jetstream.js'
import { MAX_CHUNK_BYTES } from './limits.js'
import { documentKey, type Subjects } from './names.js'

interface Chunk {
  /** Of its message in the stream of items. */
  readonly seq: number
  readonly count: number
}

interface Stock {
  readonly sequence: number
  readonly signature: Uint8Array
  /** Items of the first chunk that were taken. */
  readonly taken: number
  readonly chunks: readonly Chunk[]
  readonly lastResort: Uint8Array
}

export interface StockContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly documents: Documents
}

const SIGNATURE_BYTES = 64
const FIXED_BYTES = 8 + SIGNATURE_BYTES + 4
const CHUNK_BYTES = 10
const NOTHING = new Uint8Array(0)
const EMPTY: Stock = {
  sequence: -1,
  signature: new Uint8Array(SIGNATURE_BYTES),
  taken: 0,
  chunks: [],
  lastResort: NOTHING,
}

/** sequence u64 | signature 64 | taken u16 | chunks u16 | (seq u64, count u16) × chunks | last resort */
function encode({ sequence, signature, taken, chunks, lastResort }: Stock): Uint8Array {
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + chunks.length * CHUNK_BYTES + lastResort.length)
  bytes.writeBigUInt64LE(BigInt(sequence), 0)
  bytes.set(signature, 8)
  bytes.writeUInt16LE(taken, 72)
  bytes.writeUInt16LE(chunks.length, 74)
  chunks.forEach(({ seq, count }, i) => {
    bytes.writeBigUInt64LE(BigInt(seq), FIXED_BYTES + i * CHUNK_BYTES)
    bytes.writeUInt16LE(count, FIXED_BYTES + i * CHUNK_BYTES + 8)
  })
  bytes.set(lastResort, FIXED_BYTES + chunks.length * CHUNK_BYTES)
  return bytes
}

function decode(value: Uint8Array | undefined): Stock {
  if (value === undefined) return EMPTY
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const count = bytes.readUInt16LE(74)
  const chunks = Array.from({ length: count }, (_, i) => ({
    seq: Number(bytes.readBigUInt64LE(FIXED_BYTES + i * CHUNK_BYTES)),
    count: bytes.readUInt16LE(FIXED_BYTES + i * CHUNK_BYTES + 8),
  }))
  return {
    sequence: Number(bytes.readBigUInt64LE(0)),
    signature: bytes.subarray(8, 72),
    taken: bytes.readUInt16LE(72),
    chunks,
    lastResort: bytes.subarray(FIXED_BYTES + count * CHUNK_BYTES),
  }
}

function waiting({ chunks, taken }: Stock): number {
  return chunks.reduce((sum, { count }) => sum + count, 0) - taken
}

/** (length u16 | item) × n, cut into messages of a bounded size. */
function chunked(items: readonly Uint8Array[]): { data: Uint8Array; count: number }[] {
  const chunks: { data: Uint8Array; count: number }[] = []
  let parts: Uint8Array[] = []
  let bytes = 0
  const flush = (): void => {
    if (parts.length > 0) chunks.push({ data: Buffer.concat(parts), count: parts.length / 2 })
    parts = []
    bytes = 0
  }
  for (const item of items) {
    if (bytes + item.length > MAX_CHUNK_BYTES) flush()
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16LE(item.length)
    parts.push(length, item)
    bytes += item.length + 2
  }
  flush()
  return chunks
}

function itemAt(chunk: Uint8Array, place: number): Uint8Array {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  let at = 0
  for (let n = 0; n < place; n++) at += 2 + bytes.readUInt16LE(at)
  return bytes.subarray(at + 2, at + 2 + bytes.readUInt16LE(at))
}

/** Undefined: it may be stored. */
function verdictOn(held: Stock, upload: StockUpload): Verdict | undefined {
  if (upload.sequence === held.sequence && equalBytes(upload.signature, held.signature)) return null
  if (upload.sequence <= held.sequence) return refuse('stale')
  const before = upload.replace ? 0 : waiting(held)
  return before + upload.items.length > MAX_STOCK_ITEMS ? refuse('stock-full', BOX_FULL_RETRY_MS) : undefined
}

function grown(held: Stock, upload: StockUpload, added: readonly Chunk[]): Stock {
  return {
    sequence: upload.sequence,
    signature: upload.signature,
    taken: upload.replace ? 0 : held.taken,
    chunks: upload.replace ? added : [...held.chunks, ...added],
    lastResort: upload.lastResort.length > 0 ? upload.lastResort : held.lastResort,
  }
}

async function store({ js, names }: StockContext, upload: StockUpload): Promise<Chunk[]> {
  const stored: Chunk[] = []
  for (const { data, count } of chunked(upload.items)) {
    const answer = await js.publish(names.itemsOf(count), data)
    if (answer.kind !== 'stored') throw unreachable()
    stored.push({ seq: answer.seq, count })
  }
  return stored
}

async function drop({ js, names }: StockContext, chunks: readonly Chunk[]): Promise<void> {
  // What stays costs room and is in nobody's document any more.
  await Promise.all(chunks.map(({ seq }) => js.remove(names.items, seq).catch(() => {})))
}

interface Outcome {
  readonly verdict: Verdict
  /** Chunks that no document names any more. */
  readonly unused: readonly Chunk[]
}

export async function storeUpload(context: StockContext, upload: StockUpload): Promise<Verdict> {
  const { documents, names } = context
  const subject = names.document('stock', `${documentKey(upload.writer)}-${upload.kind}`)
  const early = verdictOn(decode(await documents.get(subject)), upload)
  if (early !== undefined) return early
  const added = await store(context, upload)
  const { verdict, unused } = await documents.change<Outcome>(subject, (value) => {
    const held = decode(value)
    const late = verdictOn(held, upload)
    if (late !== undefined) return { next: undefined, result: { verdict: late, unused: added } }
    const unneeded = upload.replace ? held.chunks : []
    return { next: encode(grown(held, upload, added)), result: { verdict: null, unused: unneeded } }
  })
  await drop(context, unused)
  return verdict
}

interface Claim {
  readonly chunk: Chunk
  readonly place: number
}

/** Moves the document past the next item; the item is then ours. */
function claim(held: Stock): { next: Uint8Array | undefined; result: Claim | Uint8Array } {
  const [chunk, ...others] = held.chunks
  if (chunk === undefined) return { next: undefined, result: held.lastResort }
  const last = held.taken + 1 === chunk.count
  const left = last ? { ...held, taken: 0, chunks: others } : { ...held, taken: held.taken + 1 }
  return { next: encode(left), result: { chunk, place: held.taken } }
}

export async function takeItem(context: StockContext, writer: Uint8Array, kind: number): Promise<Taken> {
  const { documents, names, js } = context
  const subject = names.document('stock', `${documentKey(writer)}-${kind}`)
  const claimed = await documents.change(subject, (value) => claim(decode(value)))
  if (claimed instanceof Uint8Array)
    return { found: claimed.length > 0 ? 'last-resort' : 'none', item: claimed }
  const { chunk, place } = claimed
  const data = await js.at(names.items, chunk.seq)
  // A replacing upload was faster than this read: the item is gone, and so is the claim.
  if (data === undefined) return takeItem(context, writer, kind)
  if (place + 1 === chunk.count) await drop(context, [chunk])
  return { found: 'one-time', item: itemAt(data, place) }
}

export async function remainingItems(
  { documents, names }: StockContext,
  writer: Uint8Array,
  kind: number,
): Promise<number> {
  return waiting(decode(await documents.get(names.document('stock', `${documentKey(writer)}-${kind}`))))
}
