// Blobs that travel as objects, for carriers that have links alone.
import { type Blobs, type Carrier, silentLogger, systemClock, type Transport } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createObject, linkBlobs, openExchange, PACK_USE, withObjects } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { blobsCompliance, type CarrierSubject } from '@hyphae/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openNode, settled } from './support/nodes.js'
import { BROAD, type Wire, wire } from './support/wire.js'
import { pattern } from './support/world.js'

const components = { clock: systemClock, logger: silentLogger }

function transportOf(net: Wire, name: string, more: Partial<Carrier> = {}): Transport {
  const close = async (): Promise<void> => {}
  const traits = { ...BROAD, latencyMs: 1, ordered: true, metered: false, privacy: 'direct' } as const
  return async () => ({
    name,
    traits,
    link: net.link(name),
    close,
    [Symbol.asyncDispose]: close,
    ...more,
  })
}

async function carriers(net: Wire, ...names: string[]): Promise<Carrier[]> {
  const made = names.map((name) =>
    withObjects(transportOf(net, name), {
      store: memoryStore(),
      peers: names.filter((other) => other !== name),
    })(components),
  )
  return Promise.all(made)
}

const blobsOf = ({ blobs }: Carrier): Blobs => blobs as Blobs
const blobOf = (size: number, seed: number) => {
  const data = pattern(size, seed)
  return { hash: crypto.sha256(data), data }
}

async function arrives(there: Blobs, hash: Uint8Array): Promise<Uint8Array> {
  for (;;) {
    const [data] = await there.get([hash])
    if (data !== undefined) return data
    await settled()
  }
}

describe('compliance of blobs over a link', () => {
  const open = async (): Promise<CarrierSubject> => {
    const [carrier] = (await carriers(wire(), 'ada')) as [Carrier]
    return { carrier, dispose: () => carrier.close() }
  }
  for (const { name, run } of blobsCompliance(open, { crypto, checksHashes: false })) it(name, run)
})

it('blobs put at one end can be got at the other, and further on, and after a restart', async () => {
  const net = wire()
  const store = memoryStore()
  const surviving = { ...store, close: async () => {} }
  const [ada, ben] = await Promise.all([
    withObjects(transportOf(net, 'ada'), { store: memoryStore(), peers: ['ben'] })(components),
    withObjects(transportOf(net, 'ben'), { store: surviving, peers: ['ada'] })(components),
  ])
  const sent = Array.from({ length: 70 }, (_, i) => blobOf(4096 - (i % 5), i))
  await blobsOf(ada).put(sent)
  for (const { hash, data } of sent) expect(await arrives(blobsOf(ben), hash)).toEqual(data)
  expect(await blobsOf(ben).has([sent[3]?.hash as Uint8Array, new Uint8Array(32)])).toEqual([true, false])
  await Promise.all([ada.close(), ben.close()])
  const again = await withObjects(transportOf(net, 'ben'), { store: surviving })(components)
  onTestFinished(() => again.close())
  expect(await blobsOf(again).has(sent.map(({ hash }) => hash))).toEqual(sent.map(() => true))
})

it('frames of other protocols go past, both ways', async () => {
  const net = wire()
  const [ada, ben] = (await carriers(net, 'ada', 'ben')) as [Carrier, Carrier]
  const frame = new Uint8Array(128).fill(5)
  frame[1] = 0
  await ada.link?.send('ben', frame)
  for await (const heard of ben.link?.frames() ?? []) {
    expect(heard).toEqual({ peer: 'ada', frame })
    break
  }
  await Promise.all([ada.close(), ben.close()])
})

it('a carrier that has blobs, or no link, is left as it is', async () => {
  const net = wire()
  const blobs: Blobs = { put: async () => {}, get: async () => [], has: async () => [] }
  const options = { store: memoryStore() }
  expect((await withObjects(transportOf(net, 'ada', { blobs }), options)(components)).blobs).toBe(blobs)
})

it('hostile 47: a pack that is none is dropped, and an index that was not written is made at the next start', async () => {
  const { exchange, store } = await openNode()
  const blobs = await linkBlobs({ exchange, store })
  for (const payload of [pattern(1), Uint8Array.of(255, 255), Uint8Array.of(1, 0, 5, 0, 1), pattern(3000)]) {
    const { hash } = await exchange.publish({ payload, use: PACK_USE })
    await settled()
    expect(exchange.status(hash)).toBeUndefined()
  }
  await blobs.close()
  const one = blobOf(100, 1)
  const pack = Uint8Array.of(1, 0, 100, 0, ...one.data)
  await exchange.put(createObject(crypto, { payload: pack, created: 1, use: PACK_USE }))
  await exchange.close()
  const again = await openExchange({ store })
  const indexed = await linkBlobs({ exchange: again, store })
  expect(await indexed.get([one.hash])).toEqual([one.data])
  await indexed.close()
  await again.close()
})
