import { type Carrier, type Delivery, silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import {
  MAX_BOX_FRAMES,
  MAX_REMEMBERED_IDS,
  MAX_WRITERS_PER_ADDRESS,
  memoryNetwork,
  type NetworkFaults,
} from '@hyphae/transport'
import { expect, test } from 'vitest'
import { components, memoryCarrier, numberOf, plainBox, put, take } from './carriers.js'

const box = plainBox(1)

test('hostile 38: a full box refuses with a typed error, and takes more once some is acknowledged', async () => {
  const carrier = await memoryCarrier()
  const many = Array.from({ length: MAX_BOX_FRAMES }, (_, n) => put(box, n))
  await carrier.mailbox?.put(many)
  const one = put(box, MAX_BOX_FRAMES)
  await expect(carrier.mailbox?.put([one])).rejects.toMatchObject({ code: 'transport/full', retryable: true })
  await carrier.mailbox?.put([many[5] as (typeof many)[number]])
  await carrier.mailbox?.put([put(plainBox(2), 1)])
  const [oldest] = (await carrier.mailbox?.fetch(box, { limit: 1 })) ?? []
  await oldest?.ack()
  await carrier.mailbox?.put([one])
})

test('acknowledged ids are remembered, up to a limit', async () => {
  const carrier = await memoryCarrier()
  const first = put(box, 0)
  for (let n = 0; n <= MAX_REMEMBERED_IDS; n++) {
    await carrier.mailbox?.put([put(box, n)])
    const [delivery] = (await carrier.mailbox?.fetch(box)) ?? []
    await delivery?.ack()
  }
  await carrier.mailbox?.put([put(box, 1)])
  expect(await carrier.mailbox?.fetch(box)).toEqual([])
  await carrier.mailbox?.put([first])
  expect(await carrier.mailbox?.fetch(box)).toHaveLength(1)
})

test('stored frames are copies', async () => {
  const carrier = await memoryCarrier()
  const item = put(box, 5)
  await carrier.mailbox?.put([item])
  item.frame.fill(0xff)
  const [delivery] = (await carrier.mailbox?.fetch(box)) ?? []
  delivery?.frame.fill(0xee)
  const [again] = (await carrier.mailbox?.fetch(box)) ?? []
  expect(again && numberOf(again)).toBe(5)
})

test('a closed carrier refuses, and its watches end; the network goes on', async () => {
  const net = memoryNetwork()
  const [mine, other] = [await net()(components), await net()(components)]
  const next = mine.mailbox?.watch(box)[Symbol.asyncIterator]().next()
  await mine.close()
  expect((await next)?.done).toBe(true)
  await expect(mine.mailbox?.put([put(box, 1)])).rejects.toMatchObject({ code: 'transport/closed' })
  await expect(mine.directory?.lookup(new Uint8Array(32))).rejects.toMatchObject({ code: 'transport/closed' })
  await expect(mine.blobs?.has([])).rejects.toMatchObject({ code: 'transport/closed' })
  await other.mailbox?.put([put(box, 1)])
  expect(await other.mailbox?.fetch(box)).toHaveLength(1)
})

test('an address hears so many writers, and the first stay', async () => {
  const carrier = await memoryCarrier()
  const record = (writer: number, sequence: number) => ({
    address: new Uint8Array(32),
    writer: new Uint8Array(32).fill(writer),
    sequence,
    body: new Uint8Array(),
    signature: new Uint8Array(64).fill(sequence + 7 * writer),
  })
  for (let writer = 0; writer < MAX_WRITERS_PER_ADDRESS; writer++)
    await carrier.directory?.publish(record(writer, 1))
  await expect(carrier.directory?.publish(record(99, 1))).rejects.toMatchObject({ code: 'transport/full' })
  await carrier.directory?.publish(record(3, 2))
  expect(await carrier.directory?.lookup(new Uint8Array(32))).toHaveLength(MAX_WRITERS_PER_ADDRESS)
})

/** Which of 200 puts were lost, and what was in the box then. */
async function run(faults: NetworkFaults): Promise<{ lost: number[]; stored: number[] }> {
  const carrier = await memoryCarrier({ faults })
  const lost: number[] = []
  for (let n = 0; n < 200; n++) await carrier.mailbox?.put([put(box, n)]).catch(() => lost.push(n))
  return { lost, stored: ((await carrier.mailbox?.fetch(box, { limit: 1000 })) ?? []).map(numberOf) }
}

test('faults follow from the seed', async () => {
  const first = await run({ seed: 1, loss: 0.3 })
  expect(await run({ seed: 1, loss: 0.3 })).toEqual(first)
  expect(await run({ seed: 2, loss: 0.3 })).not.toEqual(first)
  expect(first.lost.length).toBeGreaterThan(30)
  // Lost on the way back: the sender was told it failed, and yet it was stored.
  const storedThoughLost = first.lost.filter((n) => first.stored.includes(n))
  expect(storedThoughLost.length).toBeGreaterThan(10)
  expect(storedThoughLost.length).toBeLessThan(first.lost.length)
})

test('hostile 9: loss, duplicates and latency: with retries and a set of ids, each exactly once', async () => {
  const clock = virtualClock()
  const net = memoryNetwork({ faults: { seed: 5, loss: 0.4, duplicate: 0.3, latencyMs: [10, 500] } })
  const carrier: Carrier = await net()({ clock, logger: silentLogger })
  const insist = async (number: number): Promise<void> => {
    for (;;) {
      try {
        return await carrier.mailbox?.put([put(box, number)])
      } catch {
        await clock.sleep(100)
      }
    }
  }
  const numbers = Array.from({ length: 50 }, (_, n) => n)
  const sending = Promise.all(numbers.map(insist))
  for (let round = 0; round < 30; round++) await clock.advance(500)
  await sending
  const stop = new AbortController()
  const watched = carrier.mailbox?.watch(box, { signal: stop.signal })[Symbol.asyncIterator]()
  const order: number[] = []
  let deliveries = 0
  while (order.length < numbers.length) {
    const [delivery] = await take(watched as AsyncIterator<Delivery>, 1)
    if (delivery === undefined) break
    deliveries += 1
    if (!order.includes(numberOf(delivery))) order.push(numberOf(delivery))
    await delivery.ack()
  }
  stop.abort()
  expect([...order].sort((a, b) => a - b)).toEqual(numbers)
  expect(order).not.toEqual(numbers)
  expect(deliveries).toBeGreaterThan(numbers.length)
  expect(await carrier.mailbox?.fetch(box)).toEqual([])
})

test('frames for two boxes overtake each other, within what the latency allows', async () => {
  const clock = virtualClock()
  const carrier = await memoryNetwork({ faults: { seed: 3, latencyMs: [100, 1000] } })()({
    clock,
    logger: silentLogger,
  })
  const boxes = [plainBox(1), plainBox(2), plainBox(3)]
  const arrivals: number[] = []
  const waiting = boxes.map(async (each, index) => {
    await take(carrier.mailbox?.watch(each)[Symbol.asyncIterator]() as AsyncIterator<Delivery>, 1)
    arrivals.push(index)
  })
  const sending = carrier.mailbox?.put(boxes.map((each) => put(each, 1)))
  await clock.advance(99)
  expect(arrivals).toEqual([])
  await clock.advance(901)
  await sending
  await Promise.all(waiting)
  expect(arrivals).not.toEqual([0, 1, 2])
  expect([...arrivals].sort()).toEqual([0, 1, 2])
})
