/**
 * Where a node of the DHT keeps records: kad-dht overwrites what it is told, this store merges. Bounded; what is farthest
 * from the node in the DHT goes first, for others are nearer to it.
 */
import { compareBytes, type DirectoryRecord, toHex } from '@hyphae/core'
import { Record as DhtRecord } from '@libp2p/kad-dht'
import { MemoryDatastore } from 'datastore-core'
import type { Key } from 'interface-datastore'
import { addressOf, decodeValue, encodeValue, mergeRecords } from './directory-value.js'
import { MAX_STORED_BYTES, MAX_STORED_PEERS, MAX_STORED_PROVIDERS, MAX_STORED_VALUES } from './limits.js'

/** kad-dht's own, under the prefix that `node.ts` leaves at its default. */
const RECORD_PREFIX = '/dht/record/'

/** What else strangers can make a node keep: who keeps a stock, and who they say they are. The oldest goes first. */
const COUNTED: readonly (readonly [prefix: string, limit: number])[] = [
  ['/dht/provider/', MAX_STORED_PROVIDERS],
  ['/peers/', MAX_STORED_PEERS],
]

interface Kept {
  readonly key: Key
  readonly address: string
  readonly distance: Uint8Array
  readonly bytes: number
}

/** A live resource. */
export class RecordStore extends MemoryDatastore {
  readonly #distance: (key: Uint8Array) => Uint8Array
  readonly #kept = new Map<string, Kept>()
  readonly #records = new Map<string, DirectoryRecord[]>()
  readonly #counted = new Map(COUNTED.map(([prefix]) => [prefix, new Map<string, Key>()]))
  #bytes = 0

  /** `distance` of a DHT key from this node. */
  constructor(distance: (key: Uint8Array) => Uint8Array) {
    super()
    this.#distance = distance
  }

  /** What is kept here, in the order it came. */
  records(address: Uint8Array): readonly DirectoryRecord[] {
    return this.#records.get(toHex(address)) ?? []
  }

  override put(key: Key, bytes: Uint8Array): Key | Promise<Key> {
    const name = key.toString()
    if (!name.startsWith(RECORD_PREFIX)) return this.#putOther(name, key, bytes)
    const told = DhtRecord.deserialize(bytes)
    const address = toHex(addressOf(told.key))
    const records = mergeRecords(this.#records.get(address) ?? [], decodeValue(told.value))
    const merged = new DhtRecord(told.key, encodeValue(records), told.timeReceived).serialize().subarray()
    this.#drop(name)
    this.#records.set(address, records)
    this.#kept.set(name, { key, address, distance: this.#distance(told.key), bytes: merged.length })
    this.#bytes += merged.length
    super.put(key, merged)
    while (this.#bytes > MAX_STORED_BYTES || this.#kept.size > MAX_STORED_VALUES) this.#dropFarthest()
    return key
  }

  override delete(key: Key): void {
    const name = key.toString()
    this.#drop(name)
    for (const names of this.#counted.values()) names.delete(name)
    void super.delete(key)
  }

  #putOther(name: string, key: Key, bytes: Uint8Array): Key | Promise<Key> {
    for (const [prefix, limit] of COUNTED) {
      const names = this.#counted.get(prefix)
      if (names === undefined || !name.startsWith(prefix)) continue
      names.delete(name)
      names.set(name, key)
      if (names.size > limit) this.delete(names.values().next().value as Key)
    }
    return super.put(key, bytes)
  }

  #drop(name: string): void {
    const kept = this.#kept.get(name)
    if (kept === undefined) return
    this.#kept.delete(name)
    this.#records.delete(kept.address)
    this.#bytes -= kept.bytes
  }

  #dropFarthest(): void {
    let farthest: [string, Kept] | undefined
    for (const entry of this.#kept)
      if (farthest === undefined || compareBytes(entry[1].distance, farthest[1].distance) > 0)
        farthest = entry
    if (farthest === undefined) return
    this.delete(farthest[1].key)
  }
}
