/** Directory records of the embedded engine. spec/relay.md section 4. */
import { type DirectoryRecord, equalBytes } from '@hyphae/core'
import { decodeDirectoryRecord, encodeDirectoryRecord } from '@hyphae/tlv'
import { MAX_WRITERS } from '@hyphae/transport-relay/wire'
import { type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { refuse, type Verdict } from './engine.js'
import { binary, RECORD_RANGE, readRecordKey, recordKey } from './keys.js'

function recordKeys(address: Uint8Array): Uint8Array[] {
  return Array.from({ length: MAX_WRITERS }, (_, place) => recordKey(address, place))
}

export function publishJob(record: DirectoryRecord, limits: RelayLimits): Job<Verdict> {
  const encoded = encodeDirectoryRecord(record)
  const reads = recordKeys(record.address)
  return { reads, bytes: encoded.length, run: (batch) => publish(batch, reads, record, encoded, limits) }
}

function publish(
  batch: Batch,
  places: readonly Uint8Array[],
  record: DirectoryRecord,
  encoded: Uint8Array,
  limits: RelayLimits,
): Verdict {
  for (const key of places) {
    const held = batch.known(key)
    if (held === undefined) return store(batch, key, encoded, 0, limits)
    const current = decodeDirectoryRecord(held)
    if (!equalBytes(current.writer, record.writer)) continue
    if (equalBytes(held, encoded)) return null
    return record.sequence > current.sequence
      ? store(batch, key, encoded, held.length, limits)
      : refuse('stale')
  }
  return refuse('address-full')
}

function store(
  batch: Batch,
  key: Uint8Array,
  encoded: Uint8Array,
  replaced: number,
  limits: RelayLimits,
): Verdict {
  const { counters } = batch
  if (!hasRoom(counters, encoded.length, limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
  counters.bytes += encoded.length - replaced
  if (replaced === 0) counters.records += 1
  batch.put(key, encoded)
  return null
}

/** Of each address in the order the writers came. Reads one writer's place after the other: most have one. */
export async function readRecords(
  database: Database,
  addresses: readonly Uint8Array[],
): Promise<DirectoryRecord[][]> {
  const found: DirectoryRecord[][] = addresses.map(() => [])
  let left = addresses.map((address, index) => ({ address, index }))
  for (let place = 0; place < MAX_WRITERS && left.length > 0; place++) {
    const values = await database.getMany(left.map(({ address }) => recordKey(address, place)))
    left = left.filter(({ index }, i) => {
      const value = values[i]
      if (value !== undefined) found[index]?.push(decodeDirectoryRecord(value))
      return value !== undefined
    })
  }
  return found
}

/** All addresses, by name. */
export async function recordNames(database: Database): Promise<Set<string>> {
  const names = new Set<string>()
  for await (const key of database.keys(RECORD_RANGE)) names.add(binary(readRecordKey(key)))
  return names
}

/** In the order the writers came. */
export async function lookupRecords(database: Database, address: Uint8Array): Promise<DirectoryRecord[]> {
  const found = await database.getMany(recordKeys(address))
  return found.filter((value) => value !== undefined).map((value) => decodeDirectoryRecord(value))
}
