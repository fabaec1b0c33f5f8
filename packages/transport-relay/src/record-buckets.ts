/** Looking records up by the bucket they are in. spec/relay.md section 4.1. */
import type { CrowdPart, CrowdRecord, DirectoryBuckets } from '@hyphae/core'
import { checkNumber } from './check.js'
import type { Dialer } from './dialer.js'
import { RelayCarrierError } from './errors.js'
import { DEFAULT_FETCH_LIMIT, MAX_BUCKET_BITS, MAX_RECORD_CURSOR_BYTES } from './limits.js'
import { describe } from './offer.js'
import { openHiddenRecord } from './wire/hidden-record.js'
import { requestCode } from './wire/message.js'
import type { RecordBucketReply } from './wire/record-bucket.js'

/** Keeps the message alive: a part is opened at once and then dropped. */
function crowdRecords({ salt, records }: RecordBucketReply): CrowdRecord[] {
  return records.map((record, place) => ({
    open: (address, sha256) => openHiddenRecord(record, address, { salt, place, sha256 }),
  }))
}

export function createRecordBuckets(dialer: Dialer): DirectoryBuckets {
  return {
    bits: async (options) => {
      const { requests, recordBits } = await describe(dialer, options)
      return requests.includes(requestCode('record-bucket')) ? recordBits : undefined
    },
    fetch: async (
      { bits, prefix },
      { after, limit = DEFAULT_FETCH_LIMIT, signal } = {},
    ): Promise<CrowdPart> => {
      checkNumber(bits, 0, MAX_BUCKET_BITS, 'bits')
      checkNumber(prefix, 0, 2 ** bits - 1, 'prefix')
      checkNumber(limit, 1, 0xffff, 'limit')
      checkNumber(after?.length ?? 1, 1, MAX_RECORD_CURSOR_BYTES, 'after')
      const ask = { kind: 'record-bucket', bits, prefix, after: after ?? new Uint8Array(), limit } as const
      const reply = await dialer.call(ask, 'record-bucket-part', { repeatable: true, signal })
      // Without progress a reader would never come to the end.
      if (reply.records.length > limit || (reply.records.length === 0 && reply.next.length > 0))
        throw new RelayCarrierError('relay-carrier/malformed')
      return { records: crowdRecords(reply), next: reply.next.length === 0 ? undefined : reply.next.slice() }
    },
  }
}
