// Link and Topic carriers over simulated datagrams, and a host without setImmediate.
import { type Carrier, silentLogger } from '@hyphae/core'
import {
  MAX_UNREAD_FRAMES,
  type NodeLife,
  type SimulatedNetwork,
  type Simulation,
  simulatedLink,
  simulatedNetwork,
  simulation,
  sockets,
} from '@hyphae/testkit'
import { afterEach, expect, it, vi } from 'vitest'

interface Pair {
  readonly sim: Simulation
  readonly network: SimulatedNetwork
  readonly carriers: readonly [Carrier, Carrier]
}

async function pair(): Promise<Pair> {
  const sim = simulation({ seed: 1 })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [5, 5], mtu: 300 } })
  const all = sockets(network)
  const lives: NodeLife[] = []
  for (const name of ['alice', 'bob']) sim.node(name, (life) => void lives.push(life)).boot()
  const open = (life: NodeLife): Promise<Carrier> =>
    simulatedLink(network, all, life)({ clock: life.clock, logger: silentLogger })
  const [alice, bob] = lives as [NodeLife, NodeLife]
  return { sim, network, carriers: [await open(alice), await open(bob)] }
}

/** The smallest frame, filled with one number. */
const frameOf = (n: number): Uint8Array => new Uint8Array(128).fill(n)

afterEach(() => vi.unstubAllGlobals())

it('frames reach the peer that is named, with the name of the sender', async () => {
  const { sim, carriers } = await pair()
  const [alice, bob] = carriers
  const seen: string[] = []
  const read = async (): Promise<void> => {
    for await (const { peer, frame } of bob.link?.frames() ?? []) seen.push(`${peer} ${frame[0]}`)
  }
  const reading = read()
  await alice.link?.send('bob', frameOf(1))
  await alice.link?.send('nobody', frameOf(2))
  await alice.link?.send('bob', frameOf(3))
  await sim.run()
  expect(seen).toEqual(['alice 1', 'alice 3'])
  await bob.close()
  await reading
})

it('what is longer than the link takes is refused; its traits say how much that is', async () => {
  const { carriers } = await pair()
  const [alice] = carriers
  expect(alice.traits).toMatchObject({ mtu: 300, latencyMs: 5, reliable: true })
  await expect(alice.link?.send('bob', new Uint8Array(512))).rejects.toMatchObject({
    code: 'testkit/refused',
  })
})

it('a reader that does not read loses the oldest frames', async () => {
  const { sim, carriers } = await pair()
  const [alice, bob] = carriers
  for (let n = 0; n < MAX_UNREAD_FRAMES + 5; n++) await alice.link?.send('bob', frameOf(n & 255))
  await sim.run()
  const first = await bob.link?.frames()[Symbol.asyncIterator]().next()
  expect(first?.value?.frame).toEqual(frameOf(5))
})

it('a topic has no memory, and its subscription ends with the signal or the carrier', async () => {
  const { sim, carriers } = await pair()
  const [alice, bob] = carriers
  const topic = Uint8Array.of(7)
  await alice.topic?.publish(topic, frameOf(1))
  await sim.run()
  const stop = new AbortController()
  const heard: number[] = []
  const read = async (signal?: AbortSignal): Promise<void> => {
    for await (const frame of bob.topic?.subscribe(topic, signal && { signal }) ?? [])
      heard.push(frame[0] as number)
  }
  const reading = read(stop.signal)
  await alice.topic?.publish(topic, frameOf(2))
  await sim.run()
  stop.abort()
  await reading
  await alice.topic?.publish(topic, frameOf(3))
  await sim.run()
  expect(heard).toEqual([2])
  const again = read()
  await bob.close()
  await again
})

it('a closed carrier and an aborted call are refused', async () => {
  const { carriers } = await pair()
  const [alice, bob] = carriers
  const signal = AbortSignal.abort()
  await expect(bob.link?.send('alice', frameOf(1), { signal })).rejects.toMatchObject({
    code: 'core/aborted',
  })
  await alice.close()
  await expect(alice.link?.send('bob', frameOf(1))).rejects.toMatchObject({ code: 'testkit/closed' })
})

it('runs the same where the host has no setImmediate', async () => {
  const run = async (): Promise<string> => {
    const sim = simulation({ seed: 4 })
    for (const name of ['a', 'b'])
      sim
        .node(name, async (life) => {
          for (let n = 0; n < 5; n++) {
            await life.clock.sleep(life.random.integer(10))
            await life.disk.transact((tx) => tx.put(['n'], Uint8Array.of(n)))
            life.log('wrote', String(n))
          }
        })
        .boot()
    return (await sim.run()).fingerprint
  }
  const usual = await run()
  vi.stubGlobal('setImmediate', undefined)
  expect(await run()).toBe(usual)
})
