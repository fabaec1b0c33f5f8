// Links: loss, delay, copies, air time, partitions; relays that lie; Sybils; plans of faults.
import { boxId, type Carrier, type DirectoryRecord, type Mailbox, silentLogger } from '@hyphae/core'
import {
  type ConditionsOf,
  faultLine,
  injectFaults,
  type LinkConditions,
  lora,
  type NodeLife,
  planFaults,
  type RelayLies,
  type SimulatedNetwork,
  type Simulation,
  shrinkPlan,
  simulatedNetwork,
  simulatedRelay,
  simulatedSwarm,
  simulation,
  sockets,
  unsafeSeededRandom,
} from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'

interface World {
  readonly sim: Simulation
  readonly network: SimulatedNetwork
  readonly lives: NodeLife[]
}

function world(names: readonly string[], conditions: LinkConditions | ConditionsOf = {}): World {
  const sim = simulation({ seed: 3 })
  const network = simulatedNetwork(sim, { conditions })
  const lives: NodeLife[] = []
  for (const name of names) sim.node(name, (life) => void lives.push(life)).boot()
  return { sim, network, lives }
}

/** When each of `count` datagrams of `bytes` arrived at b, in the order of arrival, with its number. */
async function arrivals(conditions: LinkConditions, count: number, bytes = 8): Promise<[number, number][]> {
  const { sim, network, lives } = world(['a', 'b'], conditions)
  const all = sockets(network)
  const [from, to] = lives.map((life) => all.datagrams(life))
  const start = sim.clock.now()
  const seen: [number, number][] = []
  to?.onReceive((_, data) => seen.push([sim.clock.now() - start, data[0] ?? -1]))
  for (let n = 0; n < count; n++) void from?.send('b', new Uint8Array(bytes).fill(n)).catch(() => {})
  await sim.run()
  return seen
}

describe('a link', () => {
  it('loses and repeats as often as it is told', async () => {
    const seen = (await arrivals({ loss: 0.3, duplicate: 0.2 }, 250)).length
    // 250 × 0.7 × 1.2 = 210, with a standard deviation of about 9.
    expect(Math.abs(seen - 210)).toBeLessThan(45)
  })

  it('reorders by delay, unless it is ordered', async () => {
    const numbers = async (conditions: LinkConditions): Promise<number[]> =>
      (await arrivals(conditions, 20)).map(([, number]) => number)
    const sorted = Array.from({ length: 20 }, (_, n) => n)
    expect(await numbers({ delayMs: [0, 100] })).not.toEqual(sorted)
    expect(await numbers({ delayMs: [0, 100], ordered: true })).toEqual(sorted)
    expect(await numbers({ delayMs: (random) => (random.chance(0.5) ? 1 : 100) })).not.toEqual(sorted)
  })

  it('takes the time its bandwidth asks for, one datagram after another', async () => {
    expect(await arrivals({ bandwidthBps: 1000 }, 3, 125)).toEqual([
      [1000, 0],
      [2000, 1],
      [3000, 2],
    ])
  })

  it('of LoRa keeps its duty cycle and its MTU', async () => {
    const air = lora(1000, { dutyCycle: 0.1, delayMs: [0, 0] })
    expect((await arrivals(air, 3, 125)).map(([at]) => at)).toEqual([1000, 11_000, 21_000])
    expect(await arrivals(air, 1, 256)).toEqual([])
  })

  it('shares a medium: one sends at a time', async () => {
    const { sim, network, lives } = world(['a', 'b', 'c'], lora(1000, { delayMs: [0, 0] }))
    const all = sockets(network)
    const [a, b, c] = lives.map((life) => all.datagrams(life))
    const start = sim.clock.now()
    const times: number[] = []
    c?.onReceive(() => times.push(sim.clock.now() - start))
    void a?.send('c', new Uint8Array(125))
    void b?.send('c', new Uint8Array(125))
    await sim.run()
    expect(times).toEqual([1000, 2000])
  })

  it('drops what its queue cannot hold, and says so', async () => {
    const { sim, network, lives } = world(['a', 'b'], { bandwidthBps: 1000, queueBytes: 250 })
    const socket = sockets(network).datagrams(lives[0] as NodeLife)
    const sent = Array.from({ length: 5 }, () => socket.send('b', new Uint8Array(125)))
    const settled = Promise.allSettled(sent)
    await sim.run()
    const codes = (await settled).map((one) => (one.status === 'fulfilled' ? 'sent' : one.reason.code))
    expect(codes).toEqual(['sent', 'sent', 'sent', 'testkit/full', 'testkit/full'])
  })

  it('is cut by a partition until it heals', async () => {
    const { sim, network, lives } = world(['a', 'b', 'c'], { delayMs: [10, 10] })
    const all = sockets(network)
    const [a, b, c] = lives.map((life) => all.datagrams(life))
    const heard: string[] = []
    b?.onReceive((from) => heard.push(`b ${from}`))
    c?.onReceive((from) => heard.push(`c ${from}`))
    const say = async (): Promise<string[]> => {
      for (const to of ['b', 'c']) void a?.send(to, new Uint8Array(1))
      await sim.run()
      return heard.splice(0)
    }
    network.partition([['a', 'b'], ['c']])
    expect(await say()).toEqual(['b a'])
    network.heal()
    expect(await say()).toEqual(['b a', 'c a'])
    void a?.send('b', new Uint8Array(1))
    network.partition([['a'], ['b']])
    await sim.run()
    expect(heard).toEqual([])
  })

  it('a topic reaches whoever subscribes then', async () => {
    const { sim, network, lives } = world(['a', 'b', 'c'])
    const all = sockets(network)
    const [a, b, c] = lives.map((life) => all.topics(life))
    const topic = Uint8Array.of(1)
    const heard: string[] = []
    b?.subscribe(topic, (from) => heard.push(`b ${from}`))
    const leave = c?.subscribe(topic, (from) => heard.push(`c ${from}`))
    await a?.publish(topic, new Uint8Array(3))
    await sim.run()
    leave?.()
    await a?.publish(topic, new Uint8Array(3))
    await b?.publish(topic, new Uint8Array(3))
    await sim.run()
    expect(heard).toEqual(['b a', 'c a', 'b a'])
  })
})

const box = boxId(new Uint8Array(32).fill(1))
const key = { id: box, sign: () => new Uint8Array(64) }

/** Puts ten frames, reads until nothing comes; the first byte of every frame, in order. */
async function throughRelay(lies: RelayLies, release = false): Promise<number[]> {
  const { sim, network, lives } = world(['alice', 'bob'], { delayMs: [5, 20] })
  const relay = simulatedRelay(network, 'relay', { lies })
  const carriers: Carrier[] = []
  const seen: number[] = []
  const program = async (): Promise<void> => {
    for (const life of lives)
      carriers.push(await relay.transport(life)({ clock: life.clock, logger: silentLogger }))
    const [alice, bob] = carriers as [Carrier, Carrier]
    for (let n = 0; n < 10; n++)
      await alice.mailbox?.put([{ box, id: new Uint8Array(16).fill(n), frame: new Uint8Array(128).fill(n) }])
    for await (const delivery of (bob.mailbox as Mailbox).watch(key)) {
      seen.push(delivery.frame[0] as number)
      await delivery.ack()
    }
  }
  lives[0]?.spawn('test', program)
  await sim.run({ forMs: 60_000 })
  if (release) relay.release()
  const result = await sim.run({ forMs: 60_000 })
  expect(result.failure).toBeUndefined()
  return seen
}

describe('a relay', () => {
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b)

  it('that is honest gives each frame once, in order', async () => {
    expect(await throughRelay({})).toEqual(all)
  })

  it('hostile 36: that drops and withholds leaves gaps; released, what was withheld comes', async () => {
    const dropped = await throughRelay({ drop: 0.5 })
    expect(dropped.length).toBeGreaterThan(0)
    expect(dropped.length).toBeLessThan(10)
    expect((await throughRelay({ withhold: 0.5 })).length).toBeLessThan(10)
    expect(distinct(await throughRelay({ withhold: 0.5 }, true))).toEqual(all)
    expect(await throughRelay({ withholds: ({ frame }) => frame[0] === 4 })).toEqual(
      all.filter((n) => n !== 4),
    )
  })

  it('hostile 37: that replays, rolls back, reorders and denies still shows each frame at least once', async () => {
    const replayed = await throughRelay({ replay: 0.5, nothing: 0.3 })
    expect(replayed.length).toBeGreaterThan(10)
    expect(distinct(replayed)).toEqual(all)
    const rolledBack = await throughRelay({ rollBack: 0.3 })
    expect(rolledBack.length).toBeGreaterThan(10)
    expect(distinct(rolledBack)).toEqual(all)
    expect(await throughRelay({ reorder: 1 })).not.toEqual(all)
  })

  it('that crashes answers nobody; what it had stored is there after its restart', async () => {
    const { sim, network, lives } = world(['alice'])
    const relay = simulatedRelay(network, 'relay')
    const outcome: string[] = []
    const put = (n: number) => [{ box, id: new Uint8Array(16).fill(n), frame: new Uint8Array(128).fill(n) }]
    lives[0]?.spawn('test', async () => {
      const life = lives[0] as NodeLife
      const carrier = await relay.transport(life)({ clock: life.clock, logger: silentLogger })
      await carrier.mailbox?.put(put(1))
      relay.crash()
      await carrier.mailbox?.put(put(2)).catch((error) => outcome.push(error.code, String(error.retryable)))
      relay.restart()
      const found = await carrier.mailbox?.fetch(key)
      outcome.push(...(found ?? []).map(({ frame }) => String(frame[0])))
    })
    await sim.run()
    expect(outcome).toEqual(['testkit/unreachable', 'true', '1'])
  })
})

describe('a swarm of directories', () => {
  const record = (sequence: number, mark: number): DirectoryRecord => ({
    address: Uint8Array.from({ length: 32 }, (_, i) => i * 7),
    writer: new Uint8Array(32).fill(1),
    sequence,
    body: Uint8Array.of(mark),
    signature: new Uint8Array(64).fill(sequence),
  })
  /** The testkit has no keys: a signature is genuine here when it repeats the sequence. */
  const genuine = ({ sequence, signature }: DirectoryRecord): boolean =>
    signature.every((b) => b === sequence)
  const forged = { ...record(99, 66), signature: new Uint8Array(64).fill(1) }

  async function lookups(sybils: number): Promise<DirectoryRecord[][]> {
    const { sim, network, lives } = world(['alice'], { delayMs: [5, 50], loss: 0.05 })
    const swarm = simulatedSwarm(network, { servers: 40, sybils, replicas: 6, forge: () => [forged] })
    const found: DirectoryRecord[][] = []
    lives[0]?.spawn('test', async () => {
      const life = lives[0] as NodeLife
      for (let path = 0; path < swarm.paths; path++) {
        const { directory } = await swarm.transport(life, path)({ clock: life.clock, logger: silentLogger })
        await directory?.publish(record(1, 1))
        await directory?.publish(record(2, 2))
        found.push((await directory?.lookup(record(1, 1).address)) ?? [])
      }
    })
    expect((await sim.run()).failure).toBeUndefined()
    return found
  }

  it('hostile 44: finds the record; among 80 % Sybils some path does, and what they invent is not genuine', async () => {
    for (const path of await lookups(0)) expect(path.map(({ sequence }) => sequence)).toEqual([2])
    const paths = await lookups(0.8)
    const good = paths.map((path) => path.filter(genuine).map(({ sequence }) => sequence))
    expect(Math.max(...good.flat())).toBe(2)
    expect(paths.flat().some((one) => !genuine(one))).toBe(true)
  })
})

describe('a plan of faults', () => {
  const nodes = ['a', 'b', 'c']

  it('is drawn from the seed, and everything is well again when it has ended', async () => {
    const draw = (seed: number) => planFaults(unsafeSeededRandom(seed), { nodes, forMs: 30_000, count: 25 })
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(new Set(draw(1).map(({ kind }) => kind)).size).toBe(5)
    for (const fault of draw(1)) expect(faultLine(fault)).toContain(fault.kind)
    const { sim, network } = world(nodes)
    injectFaults(network, draw(1))
    await sim.run({ forMs: 45_000 })
    for (const from of nodes) for (const to of nodes) expect(network.connected(from, to)).toBe(true)
  })

  it('shrinks to what is needed to fail', async () => {
    const items = Array.from({ length: 40 }, (_, n) => n)
    const both = async (left: readonly number[]): Promise<boolean> => left.includes(7) && left.includes(31)
    expect(await shrinkPlan(items, both)).toEqual([7, 31])
    expect(await shrinkPlan(items, async () => true)).toEqual([])
    let runs = 0
    await shrinkPlan(
      items,
      async (left) => {
        runs += 1
        return both(left)
      },
      5,
    )
    expect(runs).toBe(5)
  })
})
