// Virtual time, one event after another, the same for the same seed; and lives that end.
import { utf8 } from '@hyphae/core'
import {
  type NodeLife,
  type SimulationResult,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  simulationReport,
  sockets,
} from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'

/** Nodes that tell each other numbers over a bad network, with restarts. */
async function gossip(seed: number): Promise<SimulationResult> {
  const sim = simulation({ seed })
  const conditions = { loss: 0.2, delayMs: [1, 200], duplicate: 0.1, reorder: 0.1 } as const
  const all = sockets(simulatedNetwork(sim, { conditions }))
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) {
    const node = sim.node(name, async (life) => {
      const socket = all.datagrams(life)
      socket.onReceive((from, bytes) => life.log('hears', `${bytes[0]} from ${from}`))
      for (;;) {
        await life.clock.sleep(100 + life.random.integer(400))
        await socket.send(life.random.pick(names), life.rng(8))
      }
    })
    node.boot()
    sim.after(2000, '', node.crash)
    sim.after(3000, '', node.boot)
  }
  return sim.run({ forMs: 10_000 })
}

describe('a simulation', () => {
  it('is the same run for the same seed and another for another', async () => {
    const [first, again, other] = [await gossip(7), await gossip(7), await gossip(8)]
    expect(first.failure).toBeUndefined()
    expect(first.events).toBeGreaterThan(100)
    expect(first.virtualMs).toBe(10_000)
    expect(again).toEqual(first)
    expect(other.fingerprint).not.toBe(first.fingerprint)
  })

  it('lets all promises of an event go on before the next one', async () => {
    const sim = simulation({ seed: 1 })
    const order: string[] = []
    for (const name of ['a', 'b'])
      sim
        .node(name, async (life) => {
          await life.clock.sleep(5)
          for (let step = 0; step < 3; step++) {
            order.push(`${name}${step}`)
            await Promise.resolve()
            await (async () => {})()
          }
        })
        .boot()
    await sim.run()
    expect(order).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2'])
  })

  it('stops at the first failure, and prints the seed and how to run it again', async () => {
    const sim = simulation({ seed: 42 })
    sim
      .node('alice', async (life) => {
        await life.clock.sleep(1500)
        throw new Error('not expected')
      })
      .boot()
    sim.after(5000, 'later', () => expect.unreachable())
    const result = await sim.run()
    expect(result.failure).toMatchObject({ actor: 'alice', what: 'program', at: 1500 })
    const text = simulationReport(result, { replay: (seed) => `npm run soak -- x --seed ${seed}` })
    expect(text).toContain('seed 42: FAILED')
    expect(text).toContain('not expected')
    expect(text).toContain('again: npm run soak -- x --seed 42')
    expect(text).toContain('alice    boots life 1')
  })

  it('checks invariants after every event', async () => {
    const sim = simulation({ seed: 1 })
    let count = 0
    sim.invariant('at most two', () => (count > 2 ? `it is ${count}` : undefined))
    for (let n = 1; n < 10; n++)
      sim.after(n, 'count', () => {
        count += 1
      })
    const { failure } = await sim.run()
    expect(failure).toMatchObject({ what: 'at most two', at: 3 })
    expect(count).toBe(3)
  })

  it('fails when what it waits for never comes', async () => {
    const sim = simulation({ seed: 1 })
    let done = false
    sim.after(10, 'done', () => {
      done = true
    })
    expect((await sim.run({ until: () => done })).failure).toBeUndefined()
    expect((await sim.run({ until: () => !done })).failure).toMatchObject({ what: 'never came about' })
  })
})

describe('a life', () => {
  const program = (log: string[]) => async (life: NodeLife) => {
    const before = await life.disk.get(['count'])
    log.push(`life ${life.incarnation} finds ${before?.[0] ?? 'nothing'}`)
    for (let n = (before?.[0] ?? 0) + 1; ; n++) {
      await life.clock.sleep(1000)
      await life.disk.transact((tx) => tx.put(['count'], Uint8Array.of(n)))
      log.push(`wrote ${n}`)
    }
  }

  it('ends at a crash; the next begins with what is on disk', async () => {
    const sim = simulation({ seed: 1 })
    const log: string[] = []
    const node = sim.node('alice', program(log))
    node.boot()
    sim.after(2500, '', node.crash)
    sim.after(9000, '', node.boot)
    await sim.run({ forMs: 10_500 })
    expect(log).toEqual(['life 1 finds nothing', 'wrote 1', 'wrote 2', 'life 2 finds 2', 'wrote 3'])
  })

  it('can end right before a commit or right after it', async () => {
    for (const side of ['before', 'after'] as const) {
      const sim = simulation({ seed: 1 })
      const log: string[] = []
      const node = sim.node('alice', program(log))
      node.boot()
      node.crashAtCommit(2, side)
      sim.after(5000, '', node.boot)
      await sim.run({ forMs: 5001 })
      const found = side === 'before' ? 1 : 2
      expect(log).toEqual(['life 1 finds nothing', 'wrote 1', `life 2 finds ${found}`])
    }
  })

  it('that is suspended does nothing and catches up', async () => {
    const sim = simulation({ seed: 1 })
    const log: string[] = []
    const node = sim.node('alice', program(log))
    node.boot()
    sim.after(1500, '', node.suspend)
    sim.after(60_000, '', node.resume)
    await sim.run({ forMs: 59_000 })
    expect(log).toEqual(['life 1 finds nothing', 'wrote 1'])
    await sim.run({ forMs: 1500 })
    expect(log.slice(2)).toEqual(['wrote 2'])
  })

  it('sees a clock of its own', async () => {
    const sim = simulation({ seed: 1 })
    let seen = 0
    const program = (life: NodeLife): void => {
      seen = life.clock.now()
    }
    sim.node('alice', program, { skewMs: -5000 }).boot()
    expect(seen).toBe(sim.clock.now() - 5000)
  })

  it('hostile 31: its disk can be set back', async () => {
    const sim = simulation({ seed: 1 })
    const log: string[] = []
    const node = sim.node('alice', program(log))
    node.boot()
    await sim.run({ forMs: 1500 })
    const image = node.disk.image()
    await sim.run({ forMs: 2000 })
    node.crash()
    node.disk.restore(image)
    node.boot()
    await sim.run({ forMs: 1 })
    expect(log.at(-1)).toBe('life 2 finds 1')
  })

  it('that has ended sends nothing, writes nothing and is told nothing', async () => {
    const sim = simulation({ seed: 1 })
    const network = simulatedNetwork(sim)
    const relay = simulatedRelay(network, 'relay')
    const lives: NodeLife[] = []
    const node = sim.node('alice', (life) => void lives.push(life))
    node.boot()
    const [dead] = lives as [NodeLife]
    const components = { clock: dead.clock, logger: { debug() {}, info() {}, warn() {}, error() {} } }
    const carrier = await relay.transport(dead)(components)
    node.crash()
    let settled = 0
    const calls = [
      dead.clock.sleep(1),
      dead.disk.transact((tx) => tx.put(['t'], utf8('ghost'))),
      dead.disk.get(['t']),
      carrier.blobs?.has([new Uint8Array(32)]),
      dead.during(Promise.resolve()),
    ]
    for (const call of calls)
      call?.finally(() => {
        settled += 1
      })
    await sim.run({ forMs: 100_000 })
    expect(settled).toBe(0)
    expect(node.disk.commits()).toBe(0)
    expect(network.observations.sightings()).toEqual([])
  })
})
