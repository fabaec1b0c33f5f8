import { setTimeout as sleep } from 'node:timers/promises'
import type { BoxKey, Delivery } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { bucketHint, bucketOf, storedPlaces } from '@hyphae/transport-relay'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startTwoRelays } from '../support/hops.js'
import { newBox, type RelayClient, type RelayFixture, startFixture } from '../support/relay.js'

let fixture: RelayFixture
afterEach(() => fixture.dispose())

const { sha256 } = crypto
const inBuckets = { privacy: { mode: 'bucket', sha256 } } as const
const put = (box: BoxKey, marker: number) => ({
  box: box.id,
  id: crypto.randomBytes(16),
  frame: new Uint8Array(128).fill(marker),
})

/** A relay on which `boxes` boxes have mail. */
async function relayWith(
  boxes: number,
  bucketBoxes: number,
): Promise<{ carrier: RelayClient; all: BoxKey[] }> {
  fixture = await startFixture({ limits: { bucketBoxes } })
  const carrier = await fixture.connect()
  const all = Array.from({ length: boxes }, newBox)
  await carrier.mailbox.put(all.map((box, i) => put(box, i % 256)))
  return { carrier, all }
}

/** What comes, until `count` have or nothing does for a while. */
async function collect<T>(from: AsyncIterable<T>, count: number): Promise<T[]> {
  const found: T[] = []
  for await (const item of from) {
    found.push(item)
    if (found.length === count) break
  }
  return found
}

describe('a bucket', () => {
  it('is as small as its reader stays among enough boxes, and no smaller', async () => {
    const { carrier, all } = await relayWith(70, 8)
    expect(await carrier.describe()).toMatchObject({ bucketBits: 2, bucketBoxes: 8 })
    const box = all[0] as BoxKey
    await expect(carrier.buckets.fetch(bucketOf(box.id, 4))).rejects.toMatchObject({
      code: 'relay-carrier/bucket-too-small',
    })
    await expect(collect(carrier.buckets.watch(bucketOf(box.id, 24)), 1)).rejects.toMatchObject({
      code: 'relay-carrier/bucket-too-small',
    })
    expect((await carrier.buckets.fetch(bucketOf(box.id, 3))).frames.length).toBeGreaterThan(0)
  })

  it('is everything while there are few boxes', async () => {
    const { carrier, all } = await relayWith(10, 64)
    expect((await carrier.describe()).bucketBits).toBe(0)
    const { frames, more } = await carrier.buckets.fetch({ bits: 0, prefix: 0 })
    expect(more).toBe(false)
    expect(frames.map(({ frame }) => frame[0])).toEqual(all.map((_, i) => i))
  })

  it('holds the frames of its boxes in the order they came, in pages, each once', async () => {
    const { carrier, all } = await relayWith(64, 4)
    await carrier.mailbox.put(all.map((box, i) => put(box, 100 + i)))
    const whole = new Map<number, number>()
    for (let prefix = 0; prefix < 16; prefix++) {
      let after = 0
      let last = 0
      for (;;) {
        const part = await carrier.buckets.fetch({ bits: 4, prefix }, { after, limit: 3 })
        expect(part.frames.length).toBeLessThanOrEqual(3)
        for (const { cursor, frame } of part.frames) {
          expect(cursor).toBeGreaterThan(last)
          last = cursor
          whole.set(cursor, frame[0] as number)
        }
        after = part.next
        if (!part.more) break
      }
    }
    expect([...whole.values()].toSorted((a, b) => a - b)).toEqual([
      ...all.map((_, i) => i),
      ...all.map((_, i) => 100 + i),
    ])
  })

  it('tells whose a frame is to those alone who know the box, and not that two are for one', async () => {
    const { carrier, all } = await relayWith(5, 64)
    const box = all[2] as BoxKey
    await carrier.mailbox.put([put(box, 2)])
    const { frames } = await carrier.buckets.fetch({ bits: 0, prefix: 0 })
    const mine = frames.filter(
      ({ cursor, hint }) => Buffer.compare(bucketHint(box.id, cursor, sha256), hint) === 0,
    )
    expect(mine.map(({ frame }) => frame[0])).toEqual([2, 2])
    expect(new Set(frames.map(({ hint }) => Buffer.from(hint).toString('hex'))).size).toBe(frames.length)
  })

  it('wakes its reader once for what came, and again when he has looked', async () => {
    const { carrier, all } = await relayWith(3, 64)
    const wakes = carrier.buckets.wakes({ bits: 0, prefix: 0 })[Symbol.asyncIterator]()
    expect(await wakes.next()).toMatchObject({ value: true })
    const again = wakes.next()
    await sleep(20)
    const sender = await fixture.connect()
    await sender.mailbox.put([put(all[0] as BoxKey, 7), put(all[1] as BoxKey, 8)])
    expect(await again).toMatchObject({ value: true })
    await wakes.return?.()
  })
})

describe('a mailbox that is read through its bucket', () => {
  it('has its own frames and no other; what is acknowledged does not come again', async () => {
    const { all } = await relayWith(20, 4)
    const client = await fixture.connect(inBuckets)
    const box = all[11] as BoxKey
    await client.mailbox.put([put(box, 200), put(box, 201)])
    const found = await client.mailbox.fetch(box)
    expect(found.map(({ frame }) => frame[0])).toEqual([11, 200, 201])
    expect(await client.mailbox.fetch(box, { limit: 2 })).toHaveLength(2)
    await found[1]?.ack()
    expect((await client.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual([201])
  })

  it('is watched: what waits and what comes, for many boxes at once', async () => {
    const { all } = await relayWith(40, 8)
    const client = await fixture.connect(inBuckets)
    const watched = [all[3], all[20], newBox()] as BoxKey[]
    const collecting = watched.map((box, i) => collect(client.mailbox.watch(box), i === 2 ? 1 : 2))
    await sleep(50)
    const sender = await fixture.connect()
    await sender.mailbox.put(watched.map((box, i) => put(box, 220 + i)))
    const markers = (await Promise.all(collecting)).map((deliveries) =>
      deliveries.map(({ frame }) => frame[0]),
    )
    expect(markers).toEqual([[3, 220], [20, 221], [222]])
  })

  it('hostile 16: gives the relay no proof and no acknowledgement: it cannot say whose it is', async () => {
    const { all } = await relayWith(8, 2)
    const client = await fixture.connect(inBuckets)
    const box = all[1] as BoxKey
    const refusing = {
      id: box.id,
      sign: (): Uint8Array => {
        throw new Error('a proof was asked for')
      },
    }
    const [delivery] = await collect<Delivery>(client.mailbox.watch(refusing), 1)
    await delivery?.ack()
    expect(await client.mailbox.fetch(refusing)).toEqual([])
    const other = await fixture.connect()
    expect(await other.mailbox.fetch(box)).toHaveLength(1)
  })

  it('is watched on when the relay wants larger buckets than before, each frame once', async () => {
    const { carrier, all } = await relayWith(32, 4)
    const client = await fixture.connect(inBuckets)
    const box = all[9] as BoxKey
    const deliveries = client.mailbox.watch(box)[Symbol.asyncIterator]()
    expect((await deliveries.next()).value?.frame[0]).toBe(9)
    for (const other of all) if (other !== box) await (await carrier.mailbox.fetch(other))[0]?.ack()
    await sleep(1_100)
    await carrier.mailbox.put([put(box, 100)])
    expect((await deliveries.next()).value?.frame[0]).toBe(100)
    await carrier.mailbox.put([put(box, 101)])
    expect((await deliveries.next()).value?.frame[0]).toBe(101)
    await deliveries.return?.()
  })

  it('goes on when the relay wants larger buckets than before', async () => {
    const { carrier, all } = await relayWith(32, 4)
    const client = await fixture.connect(inBuckets)
    const box = all[5] as BoxKey
    expect(await client.mailbox.fetch(box)).toHaveLength(1)
    for (const other of all) if (other !== box) await (await carrier.mailbox.fetch(other))[0]?.ack()
    // The relay counts its boxes once a second.
    await sleep(1_100)
    expect((await client.describe()).bucketBits).toBe(0)
    expect(await client.mailbox.fetch(box)).toHaveLength(1)
    const [delivery] = await collect(client.mailbox.watch(box), 1)
    expect(delivery?.frame[0]).toBe(5)
  })

  it('comes again from where it was not acknowledged when the relay was away', async () => {
    const port =
      20_000 + (crypto.randomBytes(2)[0] as number) * 100 + ((crypto.randomBytes(2)[1] as number) % 100)
    fixture = await startFixture({ port })
    const client = await fixture.connect(inBuckets)
    const box = newBox()
    await client.mailbox.put([put(box, 1), put(box, 2)])
    const deliveries = client.mailbox.watch(box)[Symbol.asyncIterator]()
    const first = await deliveries.next()
    if (first.done === true) throw new Error('ended')
    await first.value.ack()
    await fixture.restart()
    expect((await deliveries.next()).value?.frame[0]).toBe(2)
    await client.mailbox.put([put(box, 3)])
    const seen = new Set<number>()
    while (!seen.has(3)) seen.add((await deliveries.next()).value?.frame[0] as number)
    expect(seen.has(1)).toBe(false)
    await deliveries.return?.()
  })
})

describe('places in buckets', () => {
  const kept = () => {
    const places = storedPlaces(memoryStore())
    return { places, options: { privacy: { mode: 'bucket', sha256, places } } as const }
  }

  it('go on with the next carrier behind what was acknowledged and what passed by', async () => {
    const { carrier, all } = await relayWith(70, 64)
    const { places, options } = kept()
    const box = all[3] as BoxKey
    const first = await fixture.connect(options)
    const [delivery] = await collect(first.mailbox.watch(box), 1)
    await delivery?.ack()
    expect(await first.mailbox.fetch(box)).toEqual([])
    await first.close()
    const { store } = await carrier.describe()
    const from = (await places.load(store, box.id)) ?? 0
    expect(from).toBeGreaterThan(0)
    await carrier.mailbox.put([put(box, 200)])
    const next = await fixture.connect(options)
    expect((await next.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual([200])
    expect((await collect(next.mailbox.watch(box), 1)).map(({ frame }) => frame[0])).toEqual([200])
    // Not acknowledged: the place stays before it.
    const again = await fixture.connect(options)
    expect((await again.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual([200])
  })

  it('hostile 37: are those of one store: another is read from its beginning', async () => {
    const { options } = kept()
    const box = newBox()
    fixture = await startFixture()
    const old = await fixture.connect(options)
    await old.mailbox.put(Array.from({ length: 20 }, (_, i) => put(box, i)))
    for (const one of await old.mailbox.fetch(box)) await one.ack()
    expect(await old.mailbox.fetch(box)).toEqual([])
    await fixture.dispose()
    fixture = await startFixture()
    const client = await fixture.connect(options)
    await client.mailbox.put([put(box, 99)])
    expect((await client.mailbox.fetch(box)).map(({ frame }) => frame[0])).toEqual([99])
  })

  it('are told to the relay over two hops, where it cannot tell by whom', async () => {
    const two = await startTwoRelays()
    fixture = { dispose: two.dispose } as RelayFixture
    const box = newBox()
    const sender = await two.direct()
    await sender.mailbox.put([put(box, 1), put(box, 2)])
    const client = await two.connect({ ...inBuckets, random: () => 0 })
    const found = await client.mailbox.fetch(box)
    expect(found).toHaveLength(2)
    await found[1]?.ack()
    await vi.waitFor(async () => expect((await two.second.stats()).boxes).toBe(0), 5_000)
  })
})
