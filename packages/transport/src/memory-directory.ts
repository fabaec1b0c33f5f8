/**
 * The Directory of a memory network (spec/transport.md, "Directory"): records that only rise, items that are
 * handed out once. Signatures are checked when the network was given the means to.
 */
import {
  type DirectoryRecord,
  equalBytes,
  KEY_BYTES,
  type StockItem,
  type StockUpload,
  toHex,
} from '@hyphae/core'
import { TransportError } from './errors.js'
import {
  MAX_ITEM_BYTES,
  MAX_RECORD_BYTES,
  MAX_STOCK_ITEMS,
  MAX_UPLOAD_ITEMS,
  MAX_WRITERS_PER_ADDRESS,
} from './limits.js'

interface Stock {
  sequence: number
  signature: Uint8Array
  items: Uint8Array[]
  lastResort: Uint8Array
}

export interface DirectoryTable {
  publish(record: DirectoryRecord): void
  lookup(address: Uint8Array): DirectoryRecord[]
  /** All there are, those of an address side by side. */
  records(): DirectoryRecord[]
  stock(upload: StockUpload): void
  take(writer: Uint8Array, kind: number): StockItem | undefined
  remaining(writer: Uint8Array, kind: number): number
}

export interface DirectoryChecks {
  readonly record?: (record: DirectoryRecord) => boolean
  readonly stock?: (upload: StockUpload) => boolean
}

const SIGNATURE_BYTES = 64
const MAX_KIND = 255

export function createDirectoryTable(checks: DirectoryChecks): DirectoryTable {
  const addresses = new Map<string, Map<string, DirectoryRecord>>()
  const stocks = new Map<string, Stock>()

  return {
    publish: (record) => {
      checkRecord(record, checks)
      const address = toHex(record.address)
      const writers = addresses.get(address) ?? new Map<string, DirectoryRecord>()
      const writer = toHex(record.writer)
      const known = writers.get(writer)
      if (isSame(known, record)) return
      if (known === undefined && writers.size >= MAX_WRITERS_PER_ADDRESS)
        throw new TransportError('transport/full', { details: { writers: writers.size } })
      if (known !== undefined && record.sequence <= known.sequence)
        throw stale(record.sequence, known.sequence)
      // Replacing keeps the writer's place: the one that came first stays first.
      writers.set(writer, copyRecord(record))
      addresses.set(address, writers)
    },
    lookup: (address) => [...(addresses.get(toHex(address))?.values() ?? [])].map(copyRecord),
    records: () => [...addresses.values()].flatMap((writers) => [...writers.values()].map(copyRecord)),
    stock: (upload) => {
      checkUpload(upload, checks)
      const name = stockName(upload.writer, upload.kind)
      const known = stocks.get(name)
      if (known !== undefined && known.sequence === upload.sequence && isSame(known, upload)) return
      if (known !== undefined && upload.sequence <= known.sequence)
        throw stale(upload.sequence, known.sequence)
      stocks.set(name, restock(known, upload))
    },
    take: (writer, kind) => {
      const stock = stocks.get(stockName(writer, kind))
      const item = stock?.items.shift()
      if (item !== undefined) return { item, lastResort: false }
      if (stock === undefined || stock.lastResort.length === 0) return undefined
      return { item: stock.lastResort.slice(), lastResort: true }
    },
    remaining: (writer, kind) => stocks.get(stockName(writer, kind))?.items.length ?? 0,
  }
}

function restock(known: Stock | undefined, upload: StockUpload): Stock {
  const kept = known === undefined || upload.replace ? [] : known.items
  const items = [...kept, ...upload.items.map((item) => item.slice())]
  if (items.length > MAX_STOCK_ITEMS)
    throw new TransportError('transport/full', { details: { items: kept.length, limit: MAX_STOCK_ITEMS } })
  const lastResort = upload.lastResort.length > 0 ? upload.lastResort.slice() : known?.lastResort
  return {
    sequence: upload.sequence,
    signature: upload.signature.slice(),
    items,
    lastResort: lastResort ?? new Uint8Array(),
  }
}

/** @throws TransportError `transport/bad-record` */
function checkRecord(record: DirectoryRecord, checks: DirectoryChecks): void {
  const shaped =
    record.address.length === KEY_BYTES &&
    record.writer.length === KEY_BYTES &&
    isSequence(record.sequence) &&
    record.body.length <= MAX_RECORD_BYTES &&
    record.signature.length === SIGNATURE_BYTES
  if (!shaped || checks.record?.(record) === false)
    throw new TransportError('transport/bad-record', {
      details: { bodyBytes: record.body.length, limit: MAX_RECORD_BYTES },
    })
}

/** @throws TransportError `transport/bad-record` */
function checkUpload(upload: StockUpload, checks: DirectoryChecks): void {
  const items = [...upload.items.slice(0, MAX_UPLOAD_ITEMS), upload.lastResort]
  const shaped =
    upload.writer.length === KEY_BYTES &&
    Number.isInteger(upload.kind) &&
    upload.kind >= 0 &&
    upload.kind <= MAX_KIND &&
    isSequence(upload.sequence) &&
    upload.items.length <= MAX_UPLOAD_ITEMS &&
    items.every((item) => item.length <= MAX_ITEM_BYTES) &&
    upload.items.every((item) => item.length > 0) &&
    upload.signature.length === SIGNATURE_BYTES
  if (!shaped || checks.stock?.(upload) === false)
    throw new TransportError('transport/bad-record', {
      details: { items: upload.items.length, limit: MAX_UPLOAD_ITEMS },
    })
}

function isSequence(sequence: number): boolean {
  return Number.isSafeInteger(sequence) && sequence >= 0
}

/** The same signature covers the same fields: a retry after a lost answer. */
function isSame(known: { signature: Uint8Array } | undefined, next: { signature: Uint8Array }): boolean {
  return known !== undefined && equalBytes(known.signature, next.signature)
}

function stale(sequence: number, stored: number): TransportError {
  return new TransportError('transport/stale', { details: { sequence, stored } })
}

function stockName(writer: Uint8Array, kind: number): string {
  return `${toHex(writer)}/${kind}`
}

function copyRecord(record: DirectoryRecord): DirectoryRecord {
  return {
    address: record.address.slice(),
    writer: record.writer.slice(),
    sequence: record.sequence,
    body: record.body.slice(),
    signature: record.signature.slice(),
  }
}
