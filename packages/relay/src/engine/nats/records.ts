/** Directory records in the NATS engine: all of an address in one document. spec/relay.md section 4. */
import { type DirectoryRecord, equalBytes, systemClock } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { MAX_WRITERS } from '@hyphae/transport-relay/wire'
import { refuse, type Verdict } from '../engine.js'
import { createRecordIndex, type RecordIndex } from '../record-index.js'
import type { Change, Documents } from './documents.js'
import type { JetStream } from './jetstream.js'
import { ADDRESSES_AGE_MS, LISTING_PAUSE } from './limits.js'
import { documentKey, type Subjects } from './names.js'

const LENGTH_BYTES = 2

/** (length u16 | record) × n, in the order the writers came. */
function encode(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    records.flatMap((record) => {
      const length = Buffer.allocUnsafe(LENGTH_BYTES)
      length.writeUInt16LE(record.length)
      return [length, record]
    }),
  )
}

function decode(value: Uint8Array | undefined): Uint8Array[] {
  const records: Uint8Array[] = []
  if (value === undefined) return records
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES
    at = start + bytes.readUInt16LE(at)
    records.push(bytes.subarray(start, at))
  }
  return records
}

function publish(held: Uint8Array | undefined, record: DirectoryRecord): Change<Verdict> {
  const records = decode(held)
  const encoded = encodeDirectoryRecord(record)
  const place = records.findIndex((one) => equalBytes(decodeDirectoryRecord(one).writer, record.writer))
  const current = records[place]
  if (current === undefined) {
    if (records.length >= MAX_WRITERS) return { next: undefined, result: refuse('address-full') }
    return { next: encode([...records, encoded]), result: null }
  }
  if (equalBytes(current, encoded)) return { next: undefined, result: null }
  if (record.sequence <= decodeDirectoryRecord(current).sequence)
    return { next: undefined, result: refuse('stale') }
  records[place] = Buffer.from(encoded)
  return { next: encode(records), result: null }
}

export function publishRecord(
  documents: Documents,
  names: Subjects,
  record: DirectoryRecord,
): Promise<Verdict> {
  const subject = names.document('record', documentKey(record.address))
  return documents.change(subject, (held) => publish(held, record))
}

/** All addresses, by name. */
async function recordNames(js: JetStream, names: Subjects): Promise<string[]> {
  const found = await js.subjects(names.documents, names.document('record', '*'))
  return [...found.keys()].map((subject) => Buffer.from(names.keyOf(subject), 'base64url').toString('latin1'))
}

/** The servers list subjects, but not in order: what this relay has not published itself is seen some seconds later. */
export function createAddressIndex(js: JetStream, names: Subjects): RecordIndex {
  let staleAt = Number.NEGATIVE_INFINITY
  return createRecordIndex({
    load: async () => {
      const begun = systemClock.now()
      const found = await recordNames(js, names)
      staleAt = begun + Math.max(ADDRESSES_AGE_MS, (systemClock.now() - begun) * LISTING_PAUSE)
      return found
    },
    isStale: () => systemClock.now() >= staleAt,
  })
}

export async function lookupRecords(
  documents: Documents,
  names: Subjects,
  address: Uint8Array,
): Promise<DirectoryRecord[]> {
  const held = await documents.get(names.document('record', documentKey(address)))
  return decode(held).map((record) => decodeDirectoryRecord(record))
}
