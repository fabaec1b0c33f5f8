/** Records of a simulated relay by the crowd they are in: the client's side and the relay's. */
import {
  type BucketPrefix,
  type CrowdPart,
  type DirectoryBuckets,
  type DirectoryRecord,
  equalBytes,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { BUCKET_READ_BYTES, RECORD_OVERHEAD_BYTES, RECORD_PART_BYTES } from '../limits.js'
import { prefixOf } from './relay-buckets.js'
import type { Client } from './relay-client.js'

const MAX_BITS = 24
const MAX_PART = 512
/** A place is how many were given: records are only ever added, so nobody misses one. */
const PLACE_BYTES = 4

function refused(reason: string): TestkitError {
  return new TestkitError('testkit/refused', { details: { reason } })
}

function placeOf(after: Uint8Array | undefined, last: number): number {
  if (after === undefined) return 0
  const place = after.length === PLACE_BYTES ? new DataView(after.slice().buffer).getUint32(0) : last + 1
  if (place > last) throw refused('not a place in this bucket')
  return place
}

function placeBytes(place: number): Uint8Array {
  const bytes = new Uint8Array(PLACE_BYTES)
  new DataView(bytes.buffer).setUint32(0, place)
  return bytes
}

interface Part {
  readonly records: readonly DirectoryRecord[]
  readonly next: Uint8Array | undefined
  readonly bytes: number
}

function partOf(
  all: readonly DirectoryRecord[],
  { bits, prefix }: BucketPrefix,
  after: Uint8Array | undefined,
  limit: number,
): Part {
  if (!(bits >= 0 && bits <= MAX_BITS && prefix >= 0 && prefix < 2 ** bits)) throw refused('not a bucket')
  if (limit < 1) throw refused('a part without room')
  const there = all.filter(({ address }) => prefixOf(address, bits) === prefix)
  const start = placeOf(after, there.length)
  let end = start
  let bytes = 0
  for (; end < Math.min(there.length, start + limit, start + MAX_PART); end++) {
    const more = (there[end] as DirectoryRecord).body.length + RECORD_OVERHEAD_BYTES
    if (end > start && bytes + more > RECORD_PART_BYTES) break
    bytes += more
  }
  const next = end < there.length ? placeBytes(end) : undefined
  return { records: there.slice(start, end), next, bytes }
}

export function relayRecordBuckets(client: Client): DirectoryBuckets {
  return {
    bits: (options) => {
      client.ready(options)
      return client.ask('describe', 0, options, ({ server }, answer) =>
        answer({ value: server.recordBits(), bytes: 1 }),
      )
    },
    fetch: async (bucket, options = {}): Promise<CrowdPart> => {
      client.ready(options)
      const { after, limit = MAX_PART } = options
      const place = after?.slice()
      const { records, next } = await client.ask<Part>(
        'records',
        BUCKET_READ_BYTES,
        options,
        ({ server, saw }, answer) => {
          const { bits, prefix } = bucket
          saw('records', Uint8Array.of(bits, prefix >>> 16, (prefix >>> 8) & 0xff, prefix & 0xff), 0)
          const value = partOf(server.records(), bucket, place, limit)
          answer({ value, bytes: value.bytes })
        },
      )
      return {
        records: records.map((record) => ({
          open: (address) => (equalBytes(address, record.address) ? record : undefined),
        })),
        next,
      }
    },
  }
}
