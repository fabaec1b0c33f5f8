/** What is in the answers to a directory's questions (spec/link-mailbox.md, section 7); a peer's nonsense is no answer. */
import { concatBytes, type DirectoryRecord, type StockItem } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { MAX_ITEM_BYTES, MAX_STOCK_ITEMS, MAX_WRITERS_PER_ADDRESS } from '../limits.js'

export function encodeRecords(records: readonly DirectoryRecord[]): Uint8Array {
  return concatBytes(...records.map(encodeDirectoryRecord).map(withLength))
}

function withLength(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length, bytes.length >>> 8), bytes)
}

/** What can be read of an answer; a peer's nonsense is no answer. */
export function decodeRecords(bytes: Uint8Array): DirectoryRecord[] {
  const records: DirectoryRecord[] = []
  try {
    for (let at = 0; at < bytes.length && records.length < MAX_WRITERS_PER_ADDRESS; ) {
      const end = at + 2 + (bytes[at] as number) + ((bytes[at + 1] ?? 0) << 8)
      if (end > bytes.length) break
      records.push(decodeDirectoryRecord(bytes.slice(at + 2, end)))
      at = end
    }
  } catch {
    return records
  }
  return records
}

export function decodeCount(bytes: Uint8Array): number {
  const [low = 0, high = 0] = bytes
  return bytes.length === 2 ? Math.min(low + (high << 8), MAX_STOCK_ITEMS) : 0
}

export function decodeItem(bytes: Uint8Array): StockItem | undefined {
  const [flag] = bytes
  if (flag === undefined || flag > 1 || bytes.length === 1 || bytes.length > MAX_ITEM_BYTES + 1)
    return undefined
  return { item: bytes.slice(1), lastResort: flag === 1 }
}

export function encodeCount(count: number): Uint8Array {
  return Uint8Array.of(count, count >>> 8)
}

export function encodeItem({ item, lastResort }: StockItem): Uint8Array {
  return concatBytes(Uint8Array.of(lastResort ? 1 : 0), item)
}
