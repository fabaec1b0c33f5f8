/**
 * Records of a memory network by the crowd they are in. A place to go on from is how many were given: records are only
 * ever added, so nobody misses one.
 */
import { type BucketPrefix, type CrowdPart, type DirectoryRecord, equalBytes } from '@hyphae/core'
import { TransportError } from './errors.js'
import { MAX_PREFIX_BITS, MAX_RECORDS_PART, RECORDS_A_BUCKET } from './limits.js'

const PLACE_BYTES = 4

/** The first `bits` bits of an address. */
function prefixOf(address: Uint8Array, bits: number): number {
  const head = new DataView(address.buffer, address.byteOffset, PLACE_BYTES).getUint32(0)
  return bits === 0 ? 0 : head >>> (32 - bits)
}

/** One bit less than what leaves so many records in a bucket in the mean. */
export function recordBits(records: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, records / RECORDS_A_BUCKET))) - 1)
}

function placeOf(after: Uint8Array | undefined, last: number): number {
  if (after === undefined) return 0
  const place = after.length === PLACE_BYTES ? new DataView(after.slice().buffer).getUint32(0) : last + 1
  if (place > last)
    throw new TransportError('transport/bad-record', { details: { afterBytes: after.length } })
  return place
}

function placeBytes(place: number): Uint8Array {
  const bytes = new Uint8Array(PLACE_BYTES)
  new DataView(bytes.buffer).setUint32(0, place)
  return bytes
}

/** A part of a bucket of all these records. @throws TransportError `transport/bad-record` */
export function crowdPart(
  all: readonly DirectoryRecord[],
  { bits, prefix }: BucketPrefix,
  { after, limit = MAX_RECORDS_PART }: { readonly after?: Uint8Array; readonly limit?: number },
): CrowdPart {
  const isBucket = bits >= 0 && bits <= MAX_PREFIX_BITS && prefix >= 0 && prefix < 2 ** bits
  if (!isBucket || limit < 1) throw new TransportError('transport/bad-record', { details: { bits, limit } })
  const there = all.filter(({ address }) => prefixOf(address, bits) === prefix)
  const start = placeOf(after, there.length)
  const given = there.slice(start, start + Math.min(limit, MAX_RECORDS_PART))
  const end = start + given.length
  return {
    records: given.map((record) => ({
      open: (address) => (equalBytes(address, record.address) ? record : undefined),
    })),
    next: end < there.length ? placeBytes(end) : undefined,
  }
}
