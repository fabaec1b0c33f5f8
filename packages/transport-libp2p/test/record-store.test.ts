import type { DirectoryRecord } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import { Record as DhtRecord } from '@libp2p/kad-dht'
import { Key } from 'interface-datastore'
import { describe, expect, it } from 'vitest'
import {
  encodeValue,
  MAX_STORED_BYTES,
  MAX_STORED_PEERS,
  MAX_STORED_PROVIDERS,
  MAX_WRITERS,
  recordKey,
  recordSelector,
} from '../src/index.node.js'
import { RecordStore } from '../src/record-store.js'

const sign = (key: Ed25519PrivateKey, address: Uint8Array, sequence: number, bytes = 3): DirectoryRecord =>
  signDirectoryRecord(crypto, key, { address, sequence, body: new Uint8Array(bytes) })

/** As kad-dht stores what it was told. */
function put(store: RecordStore, address: Uint8Array, records: readonly DirectoryRecord[]): Key {
  const key = recordKey(address)
  const name = new Key(`/dht/record/${Buffer.from(key).toString('hex')}`)
  const told = new DhtRecord(key, encodeValue(records), new Date())
  void store.put(name, told.serialize().subarray())
  return name
}

const sequences = (store: RecordStore, address: Uint8Array): number[] =>
  store.records(address).map(({ sequence }) => sequence)

describe('a store of the DHT', () => {
  const keys = Array.from({ length: MAX_WRITERS + 1 }, () => crypto.ed25519.generate())
  const [one, two] = keys as [Ed25519PrivateKey, Ed25519PrivateKey]

  it('merges what it is told into what it has, in any order to the same records', () => {
    const address = crypto.randomBytes(32)
    const told = [[sign(one, address, 2)], [sign(two, address, 5)], [sign(one, address, 1)]]
    for (const order of [told, [...told].reverse()]) {
      const store = new RecordStore((key) => key)
      for (const records of order) put(store, address, records)
      expect(sequences(store, address).sort()).toEqual([2, 5])
    }
  })

  it('keeps the first of two records with one sequence, and no ninth writer', () => {
    const address = crypto.randomBytes(32)
    const store = new RecordStore((key) => key)
    const first = sign(one, address, 1, 3)
    put(store, address, [first])
    put(store, address, [sign(one, address, 1, 4)])
    expect(store.records(address)[0]?.signature).toEqual(first.signature)
    for (const key of keys) put(store, address, [sign(key, address, 1)])
    expect(store.records(address)).toHaveLength(MAX_WRITERS)
    const left = keys.at(-1)?.publicKey
    expect(store.records(address).some(({ writer }) => writer === left)).toBe(false)
  })

  it('gives what it has merged to who asks for the value, and forgets what is deleted', async () => {
    const address = crypto.randomBytes(32)
    const store = new RecordStore((key) => key)
    put(store, address, [sign(one, address, 1)])
    const name = put(store, address, [sign(two, address, 1)])
    const { value } = DhtRecord.deserialize(await store.get(name))
    expect(value[1]).toBe(2)
    store.delete(name)
    expect(store.records(address)).toEqual([])
    expect(store.has(name)).toBe(false)
  })

  it('hostile 38: is bounded, and drops what is farthest from it first', () => {
    const store = new RecordStore((key) => key.subarray(-32))
    const near = new Uint8Array(32)
    put(store, near, [sign(one, near, 1)])
    const each = 8192
    // One signature serves: the store does not verify, kad-dht has.
    const record = sign(one, near, 1, each)
    const count = Math.ceil(MAX_STORED_BYTES / each)
    for (let index = 1; index <= count; index++) {
      const address = new Uint8Array(32).fill(1)
      new DataView(address.buffer).setUint32(0, index)
      put(store, address, [{ ...record, address }])
    }
    const last = new Uint8Array(32).fill(1)
    new DataView(last.buffer).setUint32(0, count)
    expect(store.records(near)).toHaveLength(1)
    expect(store.records(last)).toEqual([])
  })

  it('selects the value with most writers, then the newest', () => {
    const address = crypto.randomBytes(32)
    const key = recordKey(address)
    const [old, newer] = [encodeValue([sign(one, address, 1)]), encodeValue([sign(one, address, 2)])]
    const both = encodeValue([sign(one, address, 1), sign(two, address, 1)])
    expect(recordSelector(key, [old, newer])).toBe(1)
    expect(recordSelector(key, [newer, old])).toBe(0)
    expect(recordSelector(key, [newer, both, old])).toBe(1)
  })

  it('keeps a bounded number of providers and peers that strangers name, the newest', async () => {
    for (const [prefix, limit] of [
      ['/dht/provider', MAX_STORED_PROVIDERS],
      ['/peers', MAX_STORED_PEERS],
    ] as const) {
      const store = new RecordStore((key) => key)
      const keys = Array.from({ length: limit + 50 }, (_, number) => new Key(`${prefix}/x/${number}`))
      const [first, ...others] = keys as [Key, ...Key[]]
      void store.put(first, Uint8Array.of(1))
      for (const key of others.slice(0, 40)) void store.put(key, Uint8Array.of(1))
      // Heard of again, it is the newest.
      void store.put(first, Uint8Array.of(2))
      for (const key of others.slice(40)) void store.put(key, Uint8Array.of(1))
      let kept = 0
      for await (const _ of store.queryKeys({ prefix })) kept += 1
      expect(kept).toBe(limit)
      expect(store.has(others[0] as Key)).toBe(false)
      expect(store.has(others.at(-1) as Key)).toBe(true)
    }
  })
})
