/** Directory records in the NATS engine: all of an address in one document. spec/relay.md section 4. */
import { type DirectoryRecord, equalBytes } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { MAX_WRITERS } from '@hyphae/transport-relay/wire'
import { refuse, type Verdict } from '../engine.js'
import type { Change, Documents } from './documents.js'
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

export async function lookupRecords(
  documents: Documents,
  names: Subjects,
  address: Uint8Array,
): Promise<DirectoryRecord[]> {
  const held = await documents.get(names.document('record', documentKey(address)))
  return decode(held).map((record) => decodeDirectoryRecord(record))
}
