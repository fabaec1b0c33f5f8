/**
 * A pool of KeyPackages as bytes. Holds secrets: seal it at rest.
 *
 *   pool  = version u8 = 1 ‖ count u16 ‖ entries ‖ count u16 ‖ spent
 *   entry = flags u8 (1 last resort, 2 used) ‖ not after u64 ‖ <reference> ‖ <KeyPackage> ‖ <secret>
 *   spent = until u64 ‖ <reference>
 */
import { fromHex, toHex } from '@hyphae/core'
import { assertSize } from './codec.js'
import { MlsError } from './errors.js'
import { MAX_POOL_BYTES } from './limits.js'
import type { KeyPackagePool, PoolEntry, SpentEntry } from './pool.js'
import {
  assertSpent,
  type Reader,
  reader,
  readU8,
  readU16,
  readU64,
  readVector,
  vectorSize,
  writer,
  writeU8,
  writeU16,
  writeU64,
  writeVector,
} from './wire.js'

const VERSION = 1
const BAD = 'mls/bad-snapshot'
const LAST_RESORT = 1
const USED = 2

function entrySize({ id, keyPackage, secret }: PoolEntry): number {
  return 9 + vectorSize(id.length / 2) + vectorSize(keyPackage.length) + vectorSize(secret.length)
}

/** @throws MlsError `mls/too-large` for a pool that decodePool would not take */
export function encodePool({ entries, spent }: KeyPackagePool): Uint8Array {
  const size =
    5 +
    entries.reduce((sum, entry) => sum + entrySize(entry), 0) +
    spent.reduce((sum, { id }) => sum + 8 + vectorSize(id.length / 2), 0)
  if (size > MAX_POOL_BYTES || Math.max(entries.length, spent.length) > 0xffff)
    throw new MlsError('mls/too-large', { details: { length: size, limit: MAX_POOL_BYTES } })
  const to = writer(size)
  writeU8(to, VERSION)
  writeU16(to, entries.length)
  for (const { id, keyPackage, secret, notAfter, lastResort, used } of entries) {
    writeU8(to, (lastResort ? LAST_RESORT : 0) | (used ? USED : 0))
    writeU64(to, BigInt(notAfter))
    writeVector(to, fromHex(id))
    writeVector(to, keyPackage)
    writeVector(to, secret)
  }
  writeU16(to, spent.length)
  for (const { id, until } of spent) {
    writeU64(to, BigInt(until))
    writeVector(to, fromHex(id))
  }
  return to.bytes
}

function readTime(from: Reader): number {
  const time = Number(readU64(from))
  if (!Number.isSafeInteger(time)) throw new MlsError(BAD)
  return time
}

function readEntry(from: Reader): PoolEntry {
  const flags = readU8(from)
  if (flags > (LAST_RESORT | USED) || flags === USED) throw new MlsError(BAD)
  const notAfter = readTime(from)
  const id = toHex(readVector(from))
  const keyPackage = readVector(from).slice()
  const secret = readVector(from).slice()
  return { id, keyPackage, secret, notAfter, lastResort: (flags & LAST_RESORT) > 0, used: (flags & USED) > 0 }
}

function readSpent(from: Reader): SpentEntry {
  const until = readTime(from)
  return { id: toHex(readVector(from)), until }
}

/** The pool that was encoded. @throws MlsError `mls/bad-snapshot`, `mls/too-large` */
export function decodePool(bytes: Uint8Array): KeyPackagePool {
  assertSize(bytes, MAX_POOL_BYTES)
  const from = reader(bytes, BAD)
  if (readU8(from) !== VERSION) throw new MlsError(BAD)
  const entries: PoolEntry[] = []
  for (let left = readU16(from); left > 0; left--) entries.push(readEntry(from))
  const spent: SpentEntry[] = []
  for (let left = readU16(from); left > 0; left--) spent.push(readSpent(from))
  assertSpent(from)
  return { entries, spent }
}
