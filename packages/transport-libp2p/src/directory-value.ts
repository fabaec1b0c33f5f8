/**
 * What the DHT holds at an address: the records of all its writers, in the order they came (spec/libp2p.md, "Directory").
 * Values merge: whoever holds two of them knows one that is newer than both or equal to one. So replicas that were told
 * different things agree once they hear of each other, and an old value cannot undo a new one.
 *
 *     value = version u8 | count u8 | count × (length u16 | record of spec/directory.md)
 */
import {
  compareBytes,
  concatBytes,
  type DirectoryRecord,
  equalBytes,
  plainBytes,
  toHex,
  utf8,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { decodeDirectoryRecord, encodeDirectoryRecord, verifyDirectoryRecord } from '@hyphae/tlv'
import { Libp2pError } from './errors.js'
import { MAX_VALUE_BYTES, MAX_WRITERS } from './limits.js'

/** Records of Hyphae in a DHT: `/hyphae/` and the 32 bytes of the address. */
export const RECORD_NAMESPACE = 'hyphae'
const KEY_PREFIX = utf8(`/${RECORD_NAMESPACE}/`)
const ADDRESS_BYTES = 32
const VERSION = 1

export function recordKey(address: Uint8Array): Uint8Array {
  return concatBytes(KEY_PREFIX, address)
}

/** @throws Libp2pError `libp2p/bad-record` */
export function addressOf(key: Uint8Array): Uint8Array {
  const prefix = key.subarray(0, KEY_PREFIX.length)
  if (key.length !== KEY_PREFIX.length + ADDRESS_BYTES || !equalBytes(prefix, KEY_PREFIX))
    throw new Libp2pError('libp2p/bad-record', { details: { keyBytes: key.length } })
  return plainBytes(key).slice(KEY_PREFIX.length)
}

export function encodeValue(records: readonly DirectoryRecord[]): Uint8Array {
  const parts = records.flatMap((record) => {
    const bytes = encodeDirectoryRecord(record)
    return [Uint8Array.of(bytes.length & 0xff, bytes.length >> 8), bytes]
  })
  return concatBytes(Uint8Array.of(VERSION, records.length), ...parts)
}

/** The shape alone; nothing is verified. @throws Libp2pError `libp2p/bad-record` */
export function decodeValue(bytes: Uint8Array): DirectoryRecord[] {
  const value = plainBytes(bytes)
  const count = value[1] ?? 0
  const bad = (): Libp2pError => new Libp2pError('libp2p/bad-record', { details: { bytes: value.length } })
  if (value.length > MAX_VALUE_BYTES || value[0] !== VERSION || count < 1 || count > MAX_WRITERS) throw bad()
  const records: DirectoryRecord[] = []
  let at = 2
  for (let index = 0; index < count; index++) {
    if (at + 2 > value.length) throw bad()
    const end = at + 2 + ((value[at] as number) | ((value[at + 1] as number) << 8))
    if (end > value.length) throw bad()
    try {
      records.push(decodeDirectoryRecord(value.slice(at + 2, end)))
    } catch {
      throw bad()
    }
    at = end
  }
  if (at !== value.length || new Set(records.map(({ writer }) => toHex(writer))).size !== count) throw bad()
  return records
}

/** Every record is signed by its writer, for this address. @throws Libp2pError `libp2p/bad-record` */
export function verifyValue(
  crypto: CryptoProvider,
  address: Uint8Array,
  value: Uint8Array,
): DirectoryRecord[] {
  const records = decodeValue(value)
  for (const record of records)
    if (!equalBytes(record.address, address) || !verifyDirectoryRecord(crypto, record))
      throw new Libp2pError('libp2p/bad-record', { details: { bytes: value.length } })
  return records
}

/** What is known keeps its place; of one writer the highest sequence stays, of two with the same the known one. */
export function mergeRecords(
  known: readonly DirectoryRecord[],
  other: readonly DirectoryRecord[],
): DirectoryRecord[] {
  const byWriter = new Map<string, DirectoryRecord>()
  for (const record of [...known, ...other]) {
    const writer = toHex(record.writer)
    const before = byWriter.get(writer)
    if (before === undefined ? byWriter.size < MAX_WRITERS : record.sequence > before.sequence)
      byWriter.set(writer, record)
  }
  return [...byWriter.values()]
}

/** For `validators` of a kad-dht: which values may be stored under which keys. */
export function recordValidator(
  crypto: CryptoProvider,
): (key: Uint8Array, value: Uint8Array) => Promise<void> {
  return async (key, value) => {
    verifyValue(crypto, addressOf(key), value)
  }
}

/** For `selectors` of a kad-dht: the value with most writers, then the newest, then the smallest. */
export function recordSelector(_key: Uint8Array, values: readonly Uint8Array[]): number {
  let best = 0
  values.forEach((value, index) => {
    if (isBetter(value, values[best] as Uint8Array)) best = index
  })
  return best
}

function isBetter(value: Uint8Array, than: Uint8Array): boolean {
  const [a, b] = [decodeValue(value), decodeValue(than)]
  if (a.length !== b.length) return a.length > b.length
  const age = (records: readonly DirectoryRecord[]): number =>
    records.reduce((sum, { sequence }) => sum + sequence, 0)
  return age(a) === age(b) ? compareBytes(value, than) < 0 : age(a) > age(b)
}
