// Hostile cases of carriers with whole nodes in the simulator, their code unchanged. The same cases against live carriers
// are listed in spec/simulation.md.
import { simulationReport } from '@hyphae/testkit'
import { expect, it } from 'vitest'
import { runTurmoil, type Turmoil, type TurmoilOptions } from '../bench/src/transports/turmoil.js'

const YEAR_MS = 365.25 * 86_400_000
const NODES = 6

async function calm(options: Partial<TurmoilOptions>): Promise<Turmoil> {
  const turmoil = await runTurmoil({ seed: 9, nodes: NODES, faults: false, ...options })
  if (turmoil.result.failure !== undefined) expect.fail(simulationReport(turmoil.result))
  return turmoil
}

function expectEachOnce({ delays, expected, repeats }: Turmoil): void {
  expect([delays.length, repeats]).toEqual([expected, 0])
}

it('hostile 36: of two relays one confirms what it throws away or withholds, and everything comes by the other', async () => {
  const liar = { drop: 0.5, withhold: 0.5 }
  expectEachOnce(await calm({ relays: 2, arrange: ([relay]) => relay?.lie(liar) }))
})

it('hostile 37: a relay that repeats, goes back, shuffles and says that nothing waits shows each message once', async () => {
  const liar = { replay: 0.4, rollBack: 0.3, reorder: 0.5, nothing: 0.3 }
  expectEachOnce(await calm({ arrange: ([relay]) => relay?.lie(liar) }))
})

it('hostile 48: nodes whose clocks are ten years ahead, ten years back and right lose nothing', async () => {
  expectEachOnce(await calm({ skewMs: (index) => ((index % 3) - 1) * 10 * YEAR_MS }))
})

it('hostile 54: after an outage nodes come back spread over time, and nothing is lost', async () => {
  const nodes = 16
  let backAt = 0
  const turmoil = await calm({
    nodes,
    arrange: ([relay], sim) => {
      sim.after(20_000, 'the relay is gone', () => relay?.crash())
      sim.after(80_000, 'the relay is back', () => {
        backAt = sim.clock.now()
        relay?.restart()
      })
    },
  })
  expectEachOnce(turmoil)
  const returned = new Map<string, number>()
  for (const { at, address } of turmoil.network.observations.sightings('relay0'))
    if (at >= backAt && !returned.has(address)) returned.set(address, at - backAt)
  const times = [...returned.values()]
  expect(times.length).toBe(nodes)
  // Nobody waits longer than the cap and an attempt; no second sees half of them.
  expect(Math.max(...times)).toBeLessThan(60_000)
  const inOneSecond = times.map(
    (time) => times.filter((other) => other >= time && other < time + 1000).length,
  )
  expect(Math.max(...inOneSecond)).toBeLessThan(nodes / 2)
})
