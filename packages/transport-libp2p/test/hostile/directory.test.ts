/** The DHT among liars: what is found is signed and the newest that anybody honest has, or nothing is. */
import { type DirectoryRecord, equalBytes } from '@hyphae/core'
import { defaultCrypto as crypto, type Ed25519PrivateKey } from '@hyphae/crypto'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { Record as DhtRecord, type KadDHT } from '@libp2p/kad-dht'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue, recordKey } from '../../src/index.node.js'
import { type BareNode, bareNode } from '../support/bare.js'
import { closeLater, type Node, node } from '../support/nodes.js'

const sign = (
  key: Ed25519PrivateKey,
  address: Uint8Array,
  sequence: number,
  text = 'body',
): DirectoryRecord =>
  signDirectoryRecord(crypto, key, { address, sequence, body: new TextEncoder().encode(text) })

let lies = 0

/** Stores and gives out whatever it is told to, unchecked. */
async function liar(
  first: Node,
  values: ReadonlyMap<string, Uint8Array> | 'keeps nothing',
): Promise<BareNode> {
  const anything = { hyphae: async () => {} }
  const bare = closeLater(
    await bareNode({ clientMode: false, validators: anything, selectors: { hyphae: () => 0 } }),
  )
  // `components` is kad-dht's own; a liar needs no permission.
  const { datastore } = (bare.libp2p.services.dht as KadDHT & { components: { datastore: Store } }).components
  const get = datastore.get.bind(datastore)
  datastore.get = (key) => {
    if (!key.toString().startsWith('/dht/record/')) return get(key)
    lies += 1
    for (const [address, value] of values === 'keeps nothing' ? [] : values) {
      const record = new DhtRecord(recordKey(Buffer.from(address, 'hex')), value, new Date())
      return Promise.resolve(record.serialize().subarray())
    }
    throw Object.assign(new Error('not found'), { name: 'NotFoundError' })
  }
  await bare.connect(first.addresses()[0] as string)
  return bare
}

interface Store {
  get(key: { toString(): string }): unknown
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function network(size: number): Promise<Node[]> {
  const first = await node()
  const rest = await Promise.all(
    Array.from({ length: size - 1 }, () => node({ bootstrap: first.addresses() })),
  )
  return [first, ...rest]
}

describe('a directory among liars', () => {
  it('hostile 44: of five nodes that keep records four lie, and nothing wrong is found: the newest, or none', async () => {
    const first = await node()
    const publisher = await node({ bootstrap: first.addresses(), dht: 'client' })
    const [key, thief] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const address = crypto.randomBytes(32)
    const [old, newest] = [sign(key, address, 1, 'old'), sign(key, address, 2, 'newest')]
    await publisher.directory.publish(old)
    await publisher.directory.publish(newest)
    const forged = { ...sign(thief, address, 9, 'forged'), writer: key.publicKey }
    const moved = sign(key, crypto.randomBytes(32), 9, 'moved')
    const told = [
      encodeValue([old]),
      encodeValue([forged]),
      encodeValue([moved]),
      crypto.randomBytes(500),
    ].map((value) => new Map([[hex(address), value]]))
    lies = 0
    for (const lie of told) await liar(first, lie)
    const reader = await node({ bootstrap: first.addresses(), dht: 'client' })
    for (let round = 0; round < 3; round++) {
      const found = await reader.directory.lookup(address)
      for (const record of found) expect(['old', 'newest']).toContain(new TextDecoder().decode(record.body))
      expect(found.filter(({ writer }) => equalBytes(writer, key.publicKey)).length).toBeLessThanOrEqual(1)
    }
    await expect
      .poll(async () => (await reader.directory.lookup(address))[0]?.sequence, { timeout: 5000 })
      .toBe(2)
    expect(lies).toBeGreaterThan(3)
  })

  it('hostile 36: a node that takes a record and keeps nothing is noticed when it is read back', async () => {
    const lonely = await node()
    await liar(lonely, 'keeps nothing')
    const record = sign(crypto.ed25519.generate(), crypto.randomBytes(32), 1)
    await expect.poll(() => lonely.libp2p.getPeers().length).toBe(1)
    await expect(lonely.directory.publish(record)).rejects.toMatchObject({
      code: expect.stringMatching(/^libp2p\/(not-stored|unreachable)$/),
      retryable: true,
    })
  })

  it('hostile 37: an old value put again changes nothing, and another writer’s takes no place', async () => {
    const [first, publisher] = (await network(2)) as [Node, Node]
    const [key, stranger] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
    const address = crypto.randomBytes(32)
    await publisher.directory.publish(sign(key, address, 1, 'old'))
    await publisher.directory.publish(sign(key, address, 2, 'newest'))
    const bare = closeLater(await bareNode({ validators: { hyphae: async () => {} } }))
    await bare.connect(first.addresses()[0] as string)
    const put = async (value: Uint8Array): Promise<void> => {
      for await (const _ of bare.libp2p.services.dht.put(recordKey(address), value));
    }
    await expect.poll(() => bare.libp2p.services.dht.getMode()).toBe('client')
    await put(encodeValue([sign(key, address, 1, 'old')]))
    await put(encodeValue([sign(stranger, address, 7, 'beside')]))
    const found = await publisher.directory.lookup(address)
    expect(found.map(({ sequence }) => sequence)).toEqual([2, 7])
  })

  it('hostile 2: values that are too long, too many or not exact are refused', () => {
    const address = crypto.randomBytes(32)
    const one = encodeValue([sign(crypto.ed25519.generate(), address, 1)])
    for (let end = 0; end < one.length; end++) expect(() => decodeValue(one.subarray(0, end))).toThrow()
    expect(() => decodeValue(new Uint8Array([...one, 0]))).toThrow()
    expect(() => decodeValue(new Uint8Array(100_000).fill(1))).toThrow()
    const twice = sign(crypto.ed25519.generate(), address, 1)
    expect(() => decodeValue(encodeValue([twice, twice]))).toThrow()
    expect(() => decodeValue(encodeValue([]))).toThrow()
    expect(decodeValue(one)).toHaveLength(1)
  })

  it('hostile 15: whoever drains a stock gets so much of it a minute', async () => {
    const [first, owner] = (await network(2)) as [Node, Node]
    const key = crypto.ed25519.generate()
    const items = Array.from({ length: 200 }, () => crypto.randomBytes(50))
    const upload = { kind: 1, sequence: 1, items, lastResort: new Uint8Array(), replace: false }
    await owner.directory.stock(signStockUpload(crypto, key, upload))
    let taken = 0
    for (let round = 0; round < 10; round++) {
      const takes = Array.from({ length: 15 }, () => first.directory.take(key.publicKey, 1))
      taken += (await Promise.all(takes)).filter((item) => item !== undefined).length
    }
    expect(taken).toBeGreaterThan(0)
    // The minute may turn once while this runs.
    expect(taken).toBeLessThanOrEqual(150)
    expect(await owner.directory.remaining(key.publicKey, 1)).toBe(200 - taken)
  })
})
