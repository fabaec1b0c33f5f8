import { type Delivery, type Logger, silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { dedupe, fanOut, TransportError } from '@hyphae/transport'
import { expect, test } from 'vitest'
import { carrierWith, frame, memoryCarrier, numberOf, plainBox, put, take, turn } from './carriers.js'

const box = plainBox(1)

test('each frame once, whichever carriers have it, and none is left anywhere', async () => {
  const carriers = [await memoryCarrier(), await memoryCarrier()] as const
  const both = fanOut(carriers)
  await carriers[0].mailbox?.put([put(box, 1), put(box, 2)])
  await carriers[1].mailbox?.put([put(box, 2), put(box, 3), put(box, 1)])
  const stop = new AbortController()
  const watched = both.mailbox?.watch(box, { signal: stop.signal })[Symbol.asyncIterator]()
  const seen = await take(watched as AsyncIterator<Delivery>, 3)
  expect(seen.map(numberOf).sort()).toEqual([1, 2, 3])
  await turn()
  await seen[2]?.ack()
  for (const carrier of carriers) expect(await carrier.mailbox?.fetch(box)).toEqual([])
  stop.abort()
})

test('a carrier that fails is watched again after a growing wait, the others go on', async () => {
  const clock = virtualClock()
  const good = await memoryCarrier()
  let watches = 0
  const failing = carrierWith(
    'failing',
    {
      watch: () => {
        watches += 1
        throw new TransportError('transport/lost')
      },
    },
    good,
  )
  const both = fanOut([failing, good], { clock, random: () => 1 })
  const stop = new AbortController()
  const watched = both.mailbox?.watch(box, { signal: stop.signal })[Symbol.asyncIterator]()
  await good.mailbox?.put([put(box, 1)])
  const [first] = await take(watched as AsyncIterator<Delivery>, 1)
  expect(first && numberOf(first)).toBe(1)
  expect(watches).toBe(1)
  for (const wait of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = watches
    await clock.advance(wait - 1)
    expect(watches).toBe(before)
    await clock.advance(1)
    expect(watches).toBe(before + 1)
  }
  stop.abort()
  expect((await watched?.next())?.done).toBe(true)
  expect(clock.sleeping()).toBe(0)
})

test('a carrier that comes back delivers what it held', async () => {
  const clock = virtualClock()
  const good = await memoryCarrier()
  let broken = true
  const flaky = carrierWith(
    'flaky',
    {
      watch: (key, options) => {
        if (broken) throw new Error('connection refused')
        return good.mailbox?.watch(key, options) as AsyncIterable<Delivery>
      },
    },
    good,
  )
  const one = fanOut([flaky], { clock })
  const stop = new AbortController()
  const watched = one.mailbox
    ?.watch(box, { signal: stop.signal })
    [Symbol.asyncIterator]() as AsyncIterator<Delivery>
  const next = take(watched, 1)
  await good.mailbox?.put([put(box, 7)])
  await clock.advance(100)
  broken = false
  await clock.advance(1000)
  expect((await next).map(numberOf)).toEqual([7])
  stop.abort()
})

test('errors that stay errors end the watch once every carrier has one', async () => {
  const base = await memoryCarrier()
  const warnings: unknown[] = []
  const logger: Logger = { ...silentLogger, warn: (_message, fields) => void warnings.push(fields) }
  const refusing = (name: string) =>
    carrierWith(
      name,
      {
        watch: () => {
          throw new TransportError('transport/bad-proof')
        },
      },
      base,
    )
  const both = fanOut([refusing('a'), refusing('b')], { logger })
  const watched = both.mailbox?.watch(box)[Symbol.asyncIterator]()
  await expect(watched?.next()).rejects.toMatchObject({ code: 'transport/bad-proof' })
  expect(warnings).toEqual([
    { carrier: 'a', code: 'transport/bad-proof' },
    { carrier: 'b', code: 'transport/bad-proof' },
  ])
})

test('closing the carriers ends the watch', async () => {
  const both = fanOut([await memoryCarrier(), await memoryCarrier()])
  const watched = both.mailbox?.watch(box)[Symbol.asyncIterator]()
  const next = watched?.next()
  await turn()
  await both.close()
  expect((await next)?.done).toBe(true)
})

test('hostile 41: a reader that does not read pulls one delivery from each carrier, no more', async () => {
  let pulled = 0
  const base = await memoryCarrier()
  async function* endless(): AsyncGenerator<Delivery> {
    for (;;) {
      pulled += 1
      yield { frame: frame(pulled), cursor: pulled, ack: async () => {} }
    }
  }
  const carrier = carrierWith('endless', { watch: () => endless() }, base)
  const both = fanOut([carrier, carrierWith('endless too', { watch: () => endless() }, base)])
  const stop = new AbortController()
  const watched = both.mailbox?.watch(box, { signal: stop.signal })[Symbol.asyncIterator]()
  await watched?.next()
  for (let round = 0; round < 20; round++) await turn()
  expect(pulled).toBeLessThanOrEqual(4)
  stop.abort()
})

test('leaving the loop stops the watches below', async () => {
  const base = await memoryCarrier()
  const signals: AbortSignal[] = []
  const spying = carrierWith(
    'spying',
    {
      watch: (key, options) => {
        if (options?.signal) signals.push(options.signal)
        return base.mailbox?.watch(key, options) as AsyncIterable<Delivery>
      },
    },
    base,
  )
  await base.mailbox?.put([put(box, 1)])
  for await (const delivery of fanOut([spying]).mailbox?.watch(box) ?? []) {
    expect(numberOf(delivery)).toBe(1)
    break
  }
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
})

test('dedupe takes copies out of one watch and acknowledges them with the first', async () => {
  const acks: number[] = []
  async function* source(): AsyncGenerator<Delivery> {
    for (const [cursor, number] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 1],
      [5, 3],
    ] as const)
      yield { frame: frame(number), cursor, ack: async () => void acks.push(cursor) }
  }
  const seen: number[] = []
  for await (const delivery of dedupe(source())) {
    seen.push(numberOf(delivery))
    await delivery.ack()
  }
  expect(seen).toEqual([1, 2, 3])
  expect(acks).toEqual([1, 2, 3, 4, 5])
})
