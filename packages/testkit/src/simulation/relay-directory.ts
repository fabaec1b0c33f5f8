/** Records and one-time items of a simulated server: records only rise, items are handed out once. */
import { type DirectoryRecord, equalBytes, type StockItem, type StockUpload, toHex } from '@hyphae/core'
import { TestkitError } from '../errors.js'

/** What a server verifies; the testkit brings no cryptography, so what is left out is not checked. */
export interface DirectoryChecks {
  readonly record?: (record: DirectoryRecord) => boolean
  readonly stock?: (upload: StockUpload) => boolean
}

export interface DirectoryTable {
  /** @throws TestkitError `testkit/refused` */
  publish(record: DirectoryRecord): void
  lookup(address: Uint8Array): DirectoryRecord[]
  /** All addresses, in the order the first record came to each. */
  addresses(): Uint8Array[]
  /** What stood at an address before: an honest server has forgotten it. */
  outdated(address: Uint8Array): DirectoryRecord[]
  /** @throws TestkitError `testkit/refused` */
  stock(upload: StockUpload): void
  take(writer: Uint8Array, kind: number): StockItem | undefined
  remaining(writer: Uint8Array, kind: number): number
}

interface Stock {
  readonly sequence: number
  readonly signature: Uint8Array
  readonly items: Uint8Array[]
  readonly lastResort: Uint8Array
}

function refused(reason: string): TestkitError {
  return new TestkitError('testkit/refused', { details: { reason } })
}

interface Signed {
  readonly sequence: number
  readonly signature: Uint8Array
}

/** True when it is the known one again. @throws TestkitError when it is not newer */
function isRepeated(known: Signed | undefined, next: Signed): boolean {
  if (known === undefined) return false
  if (equalBytes(known.signature, next.signature)) return true
  if (next.sequence <= known.sequence) throw refused('something newer is stored')
  return false
}

export function directoryTable(checks: DirectoryChecks): DirectoryTable {
  const addresses = new Map<string, Map<string, DirectoryRecord>>()
  const past = new Map<string, DirectoryRecord[]>()
  const stocks = new Map<string, Stock>()
  const stockName = (writer: Uint8Array, kind: number): string => `${toHex(writer)}/${kind}`

  return {
    publish: (record) => {
      if (checks.record?.(record) === false) throw refused('a record that its writer did not sign')
      const address = toHex(record.address)
      const writers = addresses.get(address) ?? new Map<string, DirectoryRecord>()
      const known = writers.get(toHex(record.writer))
      if (isRepeated(known, record)) return
      if (known !== undefined) past.set(address, [known, ...(past.get(address) ?? [])])
      writers.set(toHex(record.writer), copyRecord(record))
      addresses.set(address, writers)
    },
    lookup: (address) => [...(addresses.get(toHex(address))?.values() ?? [])].map(copyRecord),
    addresses: () =>
      [...addresses.values()].flatMap((writers) =>
        [...writers.values()].slice(0, 1).map(({ address }) => address),
      ),
    outdated: (address) => (past.get(toHex(address)) ?? []).map(copyRecord),
    stock: (upload) => {
      if (checks.stock?.(upload) === false) throw refused('an upload that its writer did not sign')
      const name = stockName(upload.writer, upload.kind)
      const known = stocks.get(name)
      if (!isRepeated(known, upload)) stocks.set(name, restocked(known, upload))
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

function restocked(known: Stock | undefined, upload: StockUpload): Stock {
  const kept = upload.replace ? [] : (known?.items ?? [])
  return {
    sequence: upload.sequence,
    signature: upload.signature.slice(),
    items: [...kept, ...upload.items.map((item) => item.slice())],
    lastResort:
      (upload.lastResort.length > 0 ? upload.lastResort : known?.lastResort)?.slice() ?? new Uint8Array(),
  }
}

function copyRecord(record: DirectoryRecord): DirectoryRecord {
  const { address, writer, sequence, body, signature } = record
  return {
    address: address.slice(),
    writer: writer.slice(),
    sequence,
    body: body.slice(),
    signature: signature.slice(),
  }
}
