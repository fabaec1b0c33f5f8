// Files whose chunks wait for a carrier that is fast enough, and downloads that go on where they ended.
import type { Blobs, Carrier, CarrierTraits, Transport } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { failingStore } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { memoryNetwork } from '../src/index.js'
import { collectEvents, next, openNode, survivingStore, until } from './nodes.js'

const photo = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 9)) % 256)

/** What a carrier says of its speed, and the blobs that went through it. */
interface Gauge {
  bandwidthBps: number
  readonly put: Uint8Array[]
  readonly asked: Uint8Array[]
  /** Fails a call when it returns true. */
  fails?: () => boolean
}

function gauge(bandwidthBps: number): Gauge {
  return { bandwidthBps, put: [], asked: [] }
}

function gauged(transport: Transport, meter: Gauge): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const inner = carrier.blobs as Blobs
    const check = (): void => {
      if (meter.fails?.() === true) throw new Error('down')
    }
    const blobs: Blobs = {
      put: async (items, options) => {
        check()
        meter.put.push(...items.map(({ hash }) => hash))
        await inner.put(items, options)
      },
      get: async (hashes, options) => {
        check()
        meter.asked.push(...hashes)
        return inner.get(hashes, options)
      },
      has: inner.has,
    }
    const traits: CarrierTraits = {
      ...carrier.traits,
      get bandwidthBps() {
        return meter.bandwidthBps
      },
    }
    return { ...carrier, traits, blobs } satisfies Carrier
  }
}

describe('a file for faster carriers', () => {
  it('is described at once, waits here, says so, and goes when a carrier is fast enough', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(gauged(net(), meter)), await openNode(net())]
    const stored = collectEvents(alice, 'file-stored')
    const sent = await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    const message = await next(bob)
    expect(message.file).toMatchObject({ size: photo.length, minBandwidthBps: 10_000 })
    expect((await alice.status(sent.id)).file).toMatchObject({
      stored: 0,
      total: 76 + 1,
      waitsFor: 'bandwidth',
      minBandwidthBps: 10_000,
    })
    await expect(bob.downloadFile(message)).rejects.toMatchObject({ code: 'messenger/file-unavailable' })
    expect(meter.put).toEqual([])
    meter.bandwidthBps = 2_000_000
    await until(async () => (await alice.status(sent.id)).file === undefined)
    expect(await bob.downloadFile(message)).toEqual(photo)
    expect(stored).toEqual([{ type: 'file-stored', id: sent.id }])
  })

  it('is not fetched over a slow carrier either, unless its reader says so', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(net()), await openNode(gauged(net(), meter))]
    await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    const message = await next(bob)
    await expect(bob.downloadFile(message)).rejects.toMatchObject({ code: 'messenger/no-fast-carrier' })
    expect(meter.asked).toEqual([])
    expect(await bob.downloadFile(message, { minBandwidthBps: 0 })).toEqual(photo)
  })

  it('waits for one of several carriers that is fast enough, and no other carries it', async () => {
    const [slowNet, fastNet] = [memoryNetwork(), memoryNetwork()]
    const [slow, fast] = [gauge(1000), gauge(2000)]
    const both = { transports: [gauged(slowNet(), slow), gauged(fastNet(), fast)] }
    const [alice, bob] = [
      await openNode(slowNet(), both),
      await openNode(slowNet(), { transports: [slowNet(), fastNet()] }),
    ]
    const sent = await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    const message = await next(bob)
    expect((await alice.status(sent.id)).file).toMatchObject({ stored: 0, waitsFor: 'bandwidth' })
    fast.bandwidthBps = 2_000_000
    await until(async () => (await alice.status(sent.id)).file === undefined)
    expect(slow.put).toEqual([])
    expect(await bob.downloadFile(message)).toEqual(photo)
  })

  it('a small file goes anywhere, and the sender may say otherwise', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(gauged(net(), meter)), await openNode(net())]
    const chat = await alice.conversation(bob.id)
    await chat.sendFile({ name: 'note', data: photo.slice(0, 5000) })
    expect((await next(bob)).file).toMatchObject({ minBandwidthBps: 667 })
    await chat.sendFile({ name: 'photo', data: photo, minBandwidthBps: 0 })
    const message = await next(bob)
    expect(message.file?.minBandwidthBps).toBeUndefined()
    expect(await bob.downloadFile(message)).toEqual(photo)
  })

  it('goes on after a crash with the chunks that no carrier has', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const disk = survivingStore(memoryStore())
    const bob = await openNode(net())
    const alice = await openNode(gauged(net(), meter), { store: disk })
    const sent = await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    let calls = 0
    meter.fails = () => ++calls > 1
    meter.bandwidthBps = 2_000_000
    await until(async () => ((await alice.status(sent.id)).file?.stored ?? 0) > 0)
    await alice.close()
    delete meter.fails
    const again = await openNode(gauged(net(), meter), { store: disk })
    await until(async () => (await again.status(sent.id)).file === undefined)
    expect(new Set(meter.put.map((hash) => hash.join())).size).toBe(meter.put.length)
    expect(await bob.downloadFile(await next(bob))).toEqual(photo)
  })

  it('hostile 32: a store that fails while chunks are staged leaves no half of a file behind', async () => {
    const net = memoryNetwork()
    const bob = await openNode(net())
    const inner = survivingStore(memoryStore())
    const armed = { at: Number.POSITIVE_INFINITY, count: 0 }
    const store = {
      ...inner,
      transact: ((work) => {
        armed.count += 1
        if (armed.count === armed.at) return failingStore(inner, { failAt: 3 }).transact(work)
        return inner.transact(work)
      }) as typeof inner.transact,
    }
    const alice = await openNode(gauged(net(), gauge(1000)), { store })
    const chat = await alice.conversation(bob.id)
    armed.at = armed.count + 2
    await expect(chat.sendFile({ name: 'photo', data: photo })).rejects.toMatchObject({
      code: 'testkit/injected',
    })
    expect(await inner.list(['staged-file'])).toEqual([])
    expect(await inner.list(['staged-chunk'])).toEqual([])
  })
})

describe('a download that ended early', () => {
  it('asks for the missing chunks alone, also after a crash, and keeps nothing when it is whole', async () => {
    const net = memoryNetwork()
    const meter = gauge(1_000_000)
    const disk = survivingStore(memoryStore())
    const alice = await openNode(net())
    const bob = await openNode(gauged(net(), meter), { store: disk })
    await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    const message = await next(bob)
    let calls = 0
    meter.fails = () => ++calls > 2
    await expect(bob.downloadFile(message)).rejects.toThrow('down')
    await bob.close()
    delete meter.fails
    const again = await openNode(gauged(net(), meter), { store: disk })
    expect(await again.downloadFile(message)).toEqual(photo)
    expect(new Set(meter.asked.map((hash) => hash.join())).size).toBe(meter.asked.length)
    expect(await disk.list(['fetched-chunk'])).toEqual([])
    expect(await disk.list(['fetched-file'])).toEqual([])
  })

  it('hostile 33: a kept chunk that the disk has damaged is fetched again', async () => {
    const net = memoryNetwork()
    const meter = gauge(1_000_000)
    const disk = survivingStore(memoryStore())
    const alice = await openNode(net())
    const bob = await openNode(gauged(net(), meter), { store: disk })
    await (await alice.conversation(bob.id)).sendFile({ name: 'photo', data: photo })
    const message = await next(bob)
    let calls = 0
    meter.fails = () => ++calls > 2
    await expect(bob.downloadFile(message)).rejects.toThrow('down')
    delete meter.fails
    const kept = await disk.list(['fetched-chunk'])
    expect(kept.length).toBeGreaterThan(64)
    await disk.transact((tx) => {
      for (const { key, value } of kept.slice(0, 5)) tx.put(key, value.fill(7, value.length - 20))
    })
    expect(await bob.downloadFile(message)).toEqual(photo)
  })
})
