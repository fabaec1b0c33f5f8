// Objects through a network that loses, doubles and overtakes, between nodes that crash: each ends where it should.
import type { ObjectHash } from '@hyphae/objects'
import { injectFaults, planFaults, simulationReport } from '@hyphae/testkit'
import { expect, it } from 'vitest'
import { pattern, type Station, world } from './support/world.js'

const PRIORITIES = ['critical', 'normal', 'lazy'] as const

it.each([1, 2, 3, 4])('a line of nodes delivers every object, with seed %i', async (seed) => {
  const { sim, ether, station } = world(seed)
  const air = ether({
    bandwidthBps: 200_000,
    loss: 0.1,
    duplicate: 0.1,
    reorder: 0.2,
    reorderMs: 2_000,
    delayMs: [5, 80],
  })
  const joined =
    (...peers: string[]) =>
    (one: Station) =>
      void air.join(one, peers)
  const ada = await station('ada', joined('mid'))
  await station('mid', joined('ada', 'ben'))
  const ben = await station('ben', joined('mid'))
  const sent: { hash: ObjectHash; payload: Uint8Array }[] = []
  for (const [i, size] of [10, 3_000, 20_000, 60_000].entries()) {
    const priority = PRIORITIES[i % 3] as (typeof PRIORITIES)[number]
    const payload = pattern(size, i)
    sent.push({ payload, hash: (await ada.exchange.publish({ payload, priority, ttl: 86_400 })).hash })
  }
  const kinds = ['crash', 'torn', 'offline', 'partition'] as const
  injectFaults(
    air.network,
    planFaults(sim.random('plan'), { nodes: ['ada', 'mid', 'ben'], forMs: 120_000, count: 8, kinds }),
  )
  await sim.run({ forMs: 180_000 })
  const whole = (): boolean => sent.every(({ hash }) => ben.exchange.status(hash)?.complete === true)
  const result = await sim.run({ until: () => whole() || sim.clock.now() > 1_700_000_000_000 + 7_200_000 })
  if (!whole()) expect.fail(simulationReport(result))
  for (const { hash, payload } of sent) expect(await ben.exchange.read(hash)).toEqual(payload)
})
