/** Pages of a bucket of records, whatever they are read from. spec/relay.md section 4.1. */
import { type DirectoryRecord, equalBytes } from '@hyphae/core'
import { type BucketPrefix, HIDDEN_FIXED_BYTES, MAX_RECORD_PAGE_BYTES } from '@hyphae/transport-relay/wire'
import { RECORD_READ } from '../limits.js'
import type { PlacedRecord, RecordPage, RecordPlace } from './engine.js'
import type { RecordIndex } from './record-index.js'

const ADDRESS_BYTES = 32
/** Hint and length around a record, and what it has besides its body. */
const AROUND_BODY = 8 + 2 + HIDDEN_FIXED_BYTES

/** The first and the last address that can lie in a bucket. */
export function addressRange({ bits, prefix }: BucketPrefix): {
  readonly first: Buffer
  readonly last: Buffer
} {
  const head = (fill: number): number => prefix * 2 ** (32 - bits) + fill * (2 ** (32 - bits) - 1)
  const first = Buffer.alloc(ADDRESS_BYTES)
  const last = Buffer.alloc(ADDRESS_BYTES, 0xff)
  first.writeUInt32BE(head(0))
  last.writeUInt32BE(head(1))
  return { first, last }
}

/** So many of those that were found as an answer holds, and at least one. `more`: others were found behind them. */
export function cutPage(found: readonly PlacedRecord[], limit: number, more: boolean): RecordPage {
  let bytes = 0
  const over = found.findIndex(({ record }, index) => {
    bytes += AROUND_BODY + record.body.length
    return index >= limit || (index > 0 && bytes > MAX_RECORD_PAGE_BYTES)
  })
  return over < 0 ? { more, records: found } : { more: true, records: found.slice(0, over) }
}

/** For each address the records of its writers, in the order they came. */
export type ReadRecords = (addresses: readonly Uint8Array[]) => Promise<(readonly DirectoryRecord[])[]>

/** A page found by an index of addresses. */
export async function indexedPage(
  index: RecordIndex,
  bucket: BucketPrefix,
  after: RecordPlace | undefined,
  limit: number,
  read: ReadRecords,
): Promise<RecordPage> {
  const { first, last } = addressRange(bucket)
  // One more than is read tells whether that was all.
  const names = await index.from(after?.address ?? first, last, Math.min(limit, RECORD_READ) + 2)
  const addresses = names.slice(0, Math.min(limit, RECORD_READ) + 1)
  const found = (await read(addresses)).flatMap((records, i) => {
    const address = addresses[i] as Uint8Array
    const skip = after !== undefined && equalBytes(after.address, address) ? after.slot + 1 : 0
    return records.slice(skip).map((record, slot): PlacedRecord => ({ address, slot: skip + slot, record }))
  })
  return cutPage(found, limit, names.length > addresses.length)
}
