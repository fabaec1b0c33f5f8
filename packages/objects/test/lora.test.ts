// Objects over thin links, in virtual time: what travels, when, and what never does.
import { toHex } from '@hyphae/core'
import type { ObjectHash } from '@hyphae/objects'
import { lora } from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { pattern, type Station, type World, world } from './support/world.js'

const complete = (station: Station, hash: ObjectHash): boolean =>
  station.exchange.status(hash)?.complete === true

async function seconds(sim: World['sim'], until: () => boolean): Promise<number> {
  const begun = sim.clock.now()
  const result = await sim.run({ until })
  expect(result.failure).toBeUndefined()
  return (sim.clock.now() - begun) / 1000
}

test('1 KB over a link of 1 kbps takes at most 12 seconds', async () => {
  const { sim, ether, station } = world()
  const thin = ether(lora(1000))
  const [ada, ben] = [await station('ada'), await station('ben')]
  thin.join(ada, ['ben'])
  thin.join(ben, ['ada'])
  await sim.run({ forMs: 60_000 })
  const payload = pattern(1024)
  const object = await ada.exchange.publish({ payload, ttl: 3600 })
  const took = await seconds(sim, () => complete(ben, object.hash))
  expect(took).toBeLessThanOrEqual(12)
  expect(await ben.exchange.read(object.hash)).toEqual(payload)
})

test('an object for 10 kbps never touches a link of 1 kbps; its description does, and the rest as soon as it can', async () => {
  const { sim, ether, station } = world()
  const thin = ether(lora(1000))
  const broad = ether({ bandwidthBps: 2_000_000, delayMs: [20, 40] })
  const [ada, ben] = [await station('ada'), await station('ben')]
  const air = thin.join(ada, ['ben'])
  thin.join(ben, ['ada'])
  await sim.run({ forMs: 60_000 })
  const idle = air.sent()
  const photo = pattern(200_000)
  const { hash } = await ada.exchange.publish({ payload: photo, minBandwidthBps: 10_000 })
  const described = await seconds(sim, () => ben.exchange.status(hash) !== undefined)
  expect(described).toBeLessThan(5)
  expect(ben.exchange.status(hash)).toMatchObject({
    complete: false,
    chunks: 0,
    count: 51,
    waiting: 'bandwidth',
  })
  await sim.run({ forMs: 3_600_000 })
  expect(ben.exchange.status(hash)).toMatchObject({ chunks: 0, waiting: 'bandwidth' })
  expect(air.sent() - idle).toBeLessThan(400)
  broad.join(ada, ['ben'])
  broad.join(ben, ['ada'])
  const took = await seconds(sim, () => complete(ben, hash))
  expect(took).toBeLessThan(10)
  expect(toHex((await ben.exchange.read(hash)) ?? new Uint8Array())).toBe(toHex(photo))
})
