// Files whose chunks wait for a carrier that is fast enough, uploads and downloads that go on where they ended.
import {
  type Blobs,
  type Carrier,
  type CarrierTraits,
  type Clock,
  systemClock,
  type Transport,
  toHex,
} from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { failingStore } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { createMessenger, type IncomingMessage, type Messenger, memoryNetwork } from '../src/index.js'
import { mortalStore } from './mortal-store.js'
import { collectEvents, next, openNode, survivingStore, until } from './nodes.js'

/** Two batches of chunks, and one of a manifest. */
const photo = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 9)) % 256)
const PHOTO_FRAMES = 76 + 1
/** Its batches, and that it was sealed to its end. */
const STAGING_COMMITS = 3 + 1

/** Waits are cut short, so that a carrier that has come back is tried soon. */
const hurried: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal, background) =>
    systemClock.sleep(background ? ms : Math.min(ms, 20), signal, background),
}

/** What a carrier says of its speed, and the blobs that went through it. */
interface Gauge {
  bandwidthBps: number
  readonly put: Uint8Array[]
  readonly asked: Uint8Array[]
  /** Fails a call when it returns true. */
  fails?: () => boolean
  /** What is put waits until it holds. */
  ready?: () => boolean
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
        await until(meter.ready ?? (() => true))
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

/** Every call from the `from`-th on fails. */
function failFrom(meter: Gauge, from: number): void {
  let calls = 0
  meter.fails = () => ++calls >= from
}

function expectOnce(hashes: readonly Uint8Array[]): void {
  expect(new Set(hashes.map(toHex)).size).toBe(hashes.length)
}

/** As `toEqual`, which takes a second for a photo. */
async function expectPhoto(node: Messenger, message: IncomingMessage): Promise<void> {
  expect(Buffer.compare(await node.downloadFile(message), photo)).toBe(0)
}

const sendPhoto = async (from: Messenger, to: Messenger) =>
  (await from.conversation(to.id)).sendFile({ name: 'photo', data: photo })

describe('a file for faster carriers', () => {
  it('is described at once, waits here, says so, and goes when a carrier is fast enough', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(gauged(net(), meter), { clock: hurried }), await openNode(net())]
    const stored = collectEvents(alice, 'file-stored')
    const sent = await sendPhoto(alice, bob)
    const message = await next(bob)
    expect(message.file).toMatchObject({ size: photo.length, minBandwidthBps: 10_000 })
    expect((await alice.status(sent.id)).file).toMatchObject({
      stored: 0,
      total: PHOTO_FRAMES,
      waitsFor: 'bandwidth',
      minBandwidthBps: 10_000,
    })
    await expect(bob.downloadFile(message)).rejects.toMatchObject({ code: 'messenger/file-unavailable' })
    expect(meter.put).toEqual([])
    meter.bandwidthBps = 2_000_000
    await until(async () => (await alice.status(sent.id)).file === undefined)
    await expectPhoto(bob, message)
    expect(stored).toEqual([{ type: 'file-stored', id: sent.id }])
  })

  it('is not fetched over a slow carrier either, unless its reader says so', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(net()), await openNode(gauged(net(), meter))]
    await sendPhoto(alice, bob)
    const message = await next(bob)
    await expect(bob.downloadFile(message)).rejects.toMatchObject({ code: 'messenger/no-fast-carrier' })
    expect(meter.asked).toEqual([])
    const read = await bob.downloadFile(message, { minBandwidthBps: 0 })
    expect(Buffer.compare(read, photo)).toBe(0)
  })

  it('waits for one of several carriers that is fast enough, and no other carries it', async () => {
    const [slowNet, fastNet] = [memoryNetwork(), memoryNetwork()]
    const [slow, fast] = [gauge(1000), gauge(2000)]
    const both = { transports: [gauged(slowNet(), slow), gauged(fastNet(), fast)], clock: hurried }
    const [alice, bob] = [
      await openNode(slowNet(), both),
      await openNode(slowNet(), { transports: [slowNet(), fastNet()] }),
    ]
    const sent = await sendPhoto(alice, bob)
    const message = await next(bob)
    expect((await alice.status(sent.id)).file).toMatchObject({ stored: 0, waitsFor: 'bandwidth' })
    fast.bandwidthBps = 2_000_000
    await until(async () => (await alice.status(sent.id)).file === undefined)
    expect(slow.put).toEqual([])
    await expectPhoto(bob, message)
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
    await expectPhoto(bob, message)
  })

  it.each([
    ['small', 5000],
    ['large', photo.length],
  ])('a %s one that its carrier fails to take waits like one that has none', async (_, size) => {
    const net = memoryNetwork()
    const meter = gauge(2_000_000)
    const alice = await openNode(gauged(net(), meter), { clock: hurried })
    const bob = await openNode(net())
    const data = photo.slice(0, size)
    failFrom(meter, 1)
    const sent = await (await alice.conversation(bob.id)).sendFile({ name: 'note', data })
    const message = await next(bob)
    expect((await alice.status(sent.id)).file).toMatchObject({ stored: 0, waitsFor: 'carrier' })
    delete meter.fails
    await alice.flush()
    expect((await alice.status(sent.id)).file).toBeUndefined()
    expect(Buffer.compare(await bob.downloadFile(message), data)).toBe(0)
  })

  it('flush() waits for what a carrier takes that is there, and not for a faster one', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const [alice, bob] = [await openNode(gauged(net(), meter)), await openNode(net())]
    const sent = await sendPhoto(alice, bob)
    await alice.flush()
    expect((await alice.status(sent.id)).file).toMatchObject({ stored: 0, waitsFor: 'bandwidth' })
    meter.bandwidthBps = 2_000_000
    await alice.flush()
    expect((await alice.status(sent.id)).file).toBeUndefined()
    await expectPhoto(bob, await next(bob))
    failFrom(meter, 1)
    await sendPhoto(alice, bob)
    await expect(alice.flush({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  it('one that is called off is not sent, and leaves nothing behind', async () => {
    const net = memoryNetwork()
    const meter = gauge(2_000_000)
    const disk = survivingStore(memoryStore())
    const alice = await openNode(gauged(net(), meter), { store: disk })
    const bob = await openNode(net())
    const chat = await alice.conversation(bob.id)
    const stop = new AbortController()
    const sending = chat.sendFile({
      ...{ name: 'photo', data: photo, signal: stop.signal },
      onProgress: () => stop.abort(new Error('called off')),
    })
    await expect(sending).rejects.toThrow('called off')
    expect(await disk.list(['staged-file'])).toEqual([])
    expect(await disk.list(['staged-batch'])).toEqual([])
    expect(await chat.history()).toEqual([])
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
        if (armed.count === armed.at) return failingStore(inner, { failAt: 2 }).transact(work)
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
    expect(await inner.list(['staged-batch'])).toEqual([])
  })
})

describe('an upload that ended early', () => {
  it('goes on after a crash with the chunks that no carrier has', async () => {
    const net = memoryNetwork()
    const meter = gauge(1000)
    const disk = survivingStore(memoryStore())
    const bob = await openNode(net())
    const alice = await openNode(gauged(net(), meter), { store: disk, clock: hurried })
    const sent = await sendPhoto(alice, bob)
    failFrom(meter, 2)
    meter.bandwidthBps = 2_000_000
    await until(async () => ((await alice.status(sent.id)).file?.stored ?? 0) > 0)
    await alice.close()
    delete meter.fails
    const again = await openNode(gauged(net(), meter), { store: disk })
    await again.flush()
    expect((await again.status(sent.id)).file).toBeUndefined()
    expectOnce(meter.put)
    await expectPhoto(bob, await next(bob))
  })

  it('hostile 30: one that dies at any commit is sent once or not at all, each chunk once', {
    timeout: 30_000,
  }, async () => {
    const net = memoryNetwork()
    const bob = await openNode(net(), { clock: hurried })
    const outcomes: number[] = []
    for (let at = 1; outcomes.at(-1) !== -1; at++) outcomes.push(await sendAndDie(at, net, bob))
    // Until it is sealed nothing is sent; from then on it is, however much was put.
    expect(outcomes.join('')).toMatch(/^0{4,5}1{4,}-1$/)
  })
})

/** Messages that arrive of a file whose sender dies before its `at`-th commit and comes back; -1 when it did not die. */
async function sendAndDie(at: number, net: () => Transport, bob: Messenger): Promise<number> {
  const meter = gauge(2_000_000)
  const disk = memoryStore()
  const mortal = mortalStore(disk)
  const first = await createMessenger({
    transports: [gauged(net(), meter)],
    store: mortal.store,
    clock: hurried,
  })
  const chat = await first.conversation(bob.id)
  const hello = await chat.send('hello')
  await first.reached(hello.id, 'delivered')
  await next(bob)
  const death = mortal.arm(at)
  meter.ready = () => mortal.commits() >= STAGING_COMMITS || mortal.isDead()
  const sent = await chat.sendFile({ name: 'photo', data: photo }).then(
    () => true,
    () => false,
  )
  await Promise.race([first.flush().catch(() => {}), death])
  const died = mortal.isDead()
  await first.close().catch(() => {})
  const again = await createMessenger({
    ...{ transports: [gauged(net(), meter)], store: survivingStore(disk), clock: hurried },
  })
  await again.flush()
  const messages = (await (await again.conversation(bob.id)).history()).filter(({ file }) => file)
  if (sent) expect(messages.length).toBe(1)
  for (const _ of messages) await expectPhoto(bob, await next(bob))
  expectOnce(meter.put)
  // What was not sealed to its end is forgotten in the background.
  for (const table of ['staged-file', 'staged-batch'])
    await until(async () => (await disk.list([table])).length === 0)
  await again.close()
  return died ? messages.length : -1
}

describe('a download that ended early', () => {
  /** Bob has half of a photo: what he has it from, and the message that describes it. */
  async function halfFetched() {
    const net = memoryNetwork()
    const meter = gauge(1_000_000)
    const disk = survivingStore(memoryStore())
    const open = () => openNode(gauged(net(), meter), { store: disk })
    const [alice, bob] = [await openNode(net()), await open()]
    await sendPhoto(alice, bob)
    const message = await next(bob)
    failFrom(meter, 3)
    await expect(bob.downloadFile(message)).rejects.toThrow('down')
    delete meter.fails
    return { bob, message, meter, disk, open }
  }

  it('asks for the missing chunks alone, also after a crash, and keeps nothing when it is whole', async () => {
    const { bob, message, meter, disk, open } = await halfFetched()
    await bob.close()
    await expectPhoto(await open(), message)
    expectOnce(meter.asked)
    expect(await disk.list(['fetched-chunk'])).toEqual([])
    expect(await disk.list(['fetched-file'])).toEqual([])
  })

  it('hostile 33: a kept chunk that the disk has damaged is fetched again', async () => {
    const { bob, message, disk } = await halfFetched()
    const kept = await disk.list(['fetched-chunk'])
    expect(kept.length).toBeGreaterThan(64)
    await disk.transact((tx) => {
      for (const { key, value } of kept.slice(0, 5)) tx.put(key, value.fill(7, value.length - 20))
    })
    await expectPhoto(bob, message)
  })
})
