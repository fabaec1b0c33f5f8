// Clocks that are years off, or jump: objects live as long as they say, from when they came.
import { systemClock } from '@hyphae/core'
import { expect, it } from 'vitest'
import { openNode, settled } from '../support/nodes.js'
import { pattern, type Station, world } from '../support/world.js'

const TEN_YEARS_MS = 10 * 365 * 86_400_000

it.each([
  [TEN_YEARS_MS, -TEN_YEARS_MS],
  [-TEN_YEARS_MS, TEN_YEARS_MS],
])(
  'hostile 48: nodes whose clocks are %i and %i ms off exchange objects, which expire for all',
  async (left, right) => {
    const { sim, ether, station } = world()
    const air = ether({ bandwidthBps: 1_000_000, delayMs: [5, 9] })
    const joined =
      (...peers: string[]) =>
      (one: Station) =>
        void air.join(one, peers)
    const ada = await station('ada', joined('mid'), { skewMs: left })
    const mid = await station('mid', joined('ada', 'ben'), { skewMs: right })
    const ben = await station('ben', joined('mid'), { skewMs: 0 })
    const { hash } = await ada.exchange.publish({ payload: pattern(30_000), ttl: 1000 })
    await sim.run({ until: () => ben.exchange.status(hash)?.complete === true })
    await sim.run({ forMs: 900_000 })
    for (const one of [ada, mid, ben]) expect(one.exchange.status(hash)?.complete).toBe(true)
    const { failure } = await sim.run({ forMs: 200_000 })
    expect(failure).toBeUndefined()
    for (const one of [ada, mid, ben]) expect(one.exchange.status(hash)).toBeUndefined()
  },
)

it('hostile 48: a clock that goes back ten years lengthens no life, also over a restart', async () => {
  let ahead = 0
  const clock = { ...systemClock, now: () => systemClock.now() + ahead }
  const { exchange, store } = await openNode({ clock })
  const { hash } = await exchange.publish({ payload: pattern(10), ttl: 100 })
  ahead = -TEN_YEARS_MS
  expect(exchange.status(hash)?.remaining).toBe(100)
  await exchange.close()
  const again = await openNode({ clock, store })
  expect(again.exchange.status(hash)?.remaining).toBeLessThanOrEqual(100)
  ahead += 101_000
  await again.exchange.close()
  const last = await openNode({ clock, store })
  await settled()
  expect(last.exchange.status(hash) === undefined).toBe(true)
})
