/** Blobs of the embedded engine. spec/relay.md section 4. */
import { type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import type { Batch } from './batch.js'
import type { Job } from './committer.js'
import { hasRoom } from './counters.js'
import type { Database } from './database.js'
import { refuse, type Verdict } from './engine.js'
import { blobKey, blobTimeKey, readSeq, writeSeq } from './keys.js'

const TIME_BYTES = 8

/** A blob is renewed when this part of its life is over: writing it again each time would cost as much as storing. */
const RENEW_AFTER = 1 / 16

export interface BlobTime {
  readonly storedAt: number
  readonly hash: Uint8Array
}

export function decodeBlobTime(value: Uint8Array): BlobTime {
  return { storedAt: readSeq(value, 0), hash: value.subarray(TIME_BYTES) }
}

export function blobStoredAt(value: Uint8Array): number {
  return readSeq(value, 0)
}

function stamped(now: number, bytes: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(TIME_BYTES + bytes.length)
  writeSeq(value, 0, now)
  value.set(bytes, TIME_BYTES)
  return value
}

export function putBlobJob(
  hash: Uint8Array,
  data: Uint8Array,
  limits: RelayLimits,
  now: number,
): Job<Verdict> {
  const key = blobKey(hash)
  return { reads: [key], bytes: data.length, run: (batch) => putBlob(batch, key, hash, data, limits, now) }
}

function putBlob(
  batch: Batch,
  key: Uint8Array,
  hash: Uint8Array,
  data: Uint8Array,
  limits: RelayLimits,
  now: number,
): Verdict {
  const { counters } = batch
  const held = batch.known(key)
  if (held !== undefined && now - blobStoredAt(held) < limits.blobLifeMs * RENEW_AFTER) return null
  if (held === undefined) {
    if (!hasRoom(counters, data.length, limits)) return refuse('storage-failed', STORAGE_RETRY_MS)
    counters.blobs += 1
    counters.bytes += data.length
  }
  batch.put(key, stamped(now, data))
  batch.append(blobTimeKey(counters.nextSeq++), stamped(now, hash))
  return null
}

/** Removes a blob that was not renewed since `storedAt`. */
export async function expireBlob(batch: Batch, { hash, storedAt }: BlobTime): Promise<void> {
  const key = blobKey(hash)
  const held = await batch.get(key)
  if (held === undefined || blobStoredAt(held) !== storedAt) return
  batch.del(key)
  batch.counters.blobs -= 1
  batch.counters.bytes -= held.length - TIME_BYTES
}

export async function readBlob(database: Database, hash: Uint8Array): Promise<Uint8Array | undefined> {
  const [value] = await database.getMany([blobKey(hash)])
  return value?.subarray(TIME_BYTES)
}
