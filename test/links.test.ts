// Whole nodes without a server, in the simulator: their carriers have links and nothing else, and what is said arrives
// through loss, crashes, outages and suspension; with a relay beside the link the nearest way is used, and nothing twice.
import { type Carrier, isHyphaeError, type Transport } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import { createMessenger, type Messenger } from '@hyphae/messenger'
import {
  injectFaults,
  type NodeLife,
  planFaults,
  type SimulatedNetwork,
  type SimulationResult,
  simulatedLink,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  simulationReport,
  sockets,
} from '@hyphae/testkit'
// Loaded beforehand, so that no file is read while virtual time goes by.
import '@hyphae/transport/link-mailbox'
import { expect, it } from 'vitest'

const TURMOIL_MS = 120_000
const MESSAGES = 4

interface World {
  readonly network: SimulatedNetwork
  readonly carriers: (life: NodeLife) => readonly Transport[]
  readonly ids: Map<string, Messenger['id']>
  readonly said: Map<string, number>
  /** How often each text was shown, and how long it took. */
  readonly shown: Map<string, number>
  readonly delays: Map<string, number>
  readonly delivered: Set<string>
}

const NAMES = ['n0', 'n1', 'n2', 'n3'] as const
const othersOf = (name: string): string[] => NAMES.filter((other) => other !== name)

function naming(transport: Transport, peers: readonly string[]): Transport {
  return async (components) => {
    const carrier: Carrier = await transport(components)
    if (carrier.link === undefined) throw new Error('it has a link')
    return { ...carrier, link: { ...carrier.link, peers: () => peers } }
  }
}

async function persist<T>(life: NodeLife, attempt: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await attempt()
    } catch (error) {
      if (!isHyphaeError(error) || !error.retryable) throw error
      await life.clock.sleep(1000 + life.random.integer(2000))
    }
}

/** Every node writes to the next one; how far it has come lies on its disk. */
async function node(world: World, life: NodeLife): Promise<void> {
  const messenger = await persist(life, () =>
    createMessenger({
      transports: world.carriers(life),
      store: life.disk,
      clock: life.clock,
      crypto: createNodeCrypto({ rng: life.rng }),
    }),
  )
  world.ids.set(life.name, messenger.id)
  life.spawn('talks', () => talk(world, life, messenger))
  for await (const message of messenger.messages()) {
    const { text, redelivered } = message
    if (text === undefined) continue
    if (!world.delays.has(text)) world.delays.set(text, life.clock.now() - (world.said.get(text) ?? 0))
    if (!redelivered) world.shown.set(text, (world.shown.get(text) ?? 0) + 1)
    life.log('shows', text)
  }
}

async function talk(world: World, life: NodeLife, messenger: Messenger): Promise<void> {
  const peer = NAMES[(NAMES.indexOf(life.name as (typeof NAMES)[number]) + 1) % NAMES.length] as string
  for (let next = (await life.disk.get(['talk']))?.[0] ?? 0; next < MESSAGES; next++) {
    await life.clock.sleep(1000 + life.random.integer(TURMOIL_MS / MESSAGES))
    const id = world.ids.get(peer)
    if (id === undefined) {
      next -= 1
      continue
    }
    const text = `${life.name} ${next}`
    if (!world.said.has(text)) world.said.set(text, life.clock.now())
    const conversation = await persist(life, () => messenger.conversation(id))
    const sent = await persist(life, () => conversation.send(text))
    await life.disk.transact((tx) => tx.put(['talk'], Uint8Array.of(next + 1)))
    void messenger.reached(sent.id, 'delivered').then(
      () => world.delivered.add(text),
      () => {},
    )
  }
}

function world(network: SimulatedNetwork, carriers: World['carriers']): World {
  return {
    network,
    carriers,
    ids: new Map(),
    said: new Map(),
    shown: new Map(),
    delays: new Map(),
    delivered: new Set(),
  }
}

/** Links alone, under everything that happens to nodes. */
async function linksAlone(seed: number): Promise<{ result: SimulationResult; world: World }> {
  const sim = simulation({ seed })
  const network = simulatedNetwork(sim, {
    conditions: { loss: 0.05, duplicate: 0.02, reorder: 0.05, delayMs: [10, 200] },
  })
  const all = sockets(network)
  const here = world(network, (life) => [naming(simulatedLink(network, all, life), othersOf(life.name))])
  for (const name of NAMES) sim.node(name, (life) => node(here, life)).boot()
  const faults = planFaults(sim.random('plan'), {
    nodes: [...NAMES],
    forMs: TURMOIL_MS,
    count: 4,
    kinds: ['crash', 'torn', 'offline', 'suspend'],
  })
  injectFaults(network, faults)
  const result = await sim.run({ forMs: 4 * TURMOIL_MS })
  return { result, world: here }
}

it('links alone: nodes under churn and loss lose nothing, and the same seed is the same run', async () => {
  const { result, world: after } = await linksAlone(3)
  if (result.failure !== undefined) expect.fail(simulationReport(result))
  expect([...after.delays.keys()].sort()).toEqual(
    NAMES.flatMap((name) => [0, 1, 2, 3].map((n) => `${name} ${n}`)),
  )
  expect((await linksAlone(3)).result.fingerprint).toBe(result.fingerprint)
}, 60_000)

it('a node that was suspended, cut off and connected again loses nothing and shows nothing twice', async () => {
  const sim = simulation({ seed: 5 })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [5, 20], ordered: true } })
  const all = sockets(network)
  const here = world(network, (life) => [naming(simulatedLink(network, all, life), othersOf(life.name))])
  const nodes = NAMES.map((name) => sim.node(name, (life) => node(here, life)))
  for (const one of nodes) one.boot()
  sim.after(20_000, 'n1 is suspended', () => nodes[1]?.suspend())
  sim.after(50_000, 'n1 goes on', () => nodes[1]?.resume())
  sim.after(60_000, 'n2 is cut off', () => network.partition([['n2'], ['n0', 'n1', 'n3']]))
  sim.after(100_000, 'n2 is back', () => network.heal())
  const result = await sim.run({ forMs: 3 * TURMOIL_MS })
  if (result.failure !== undefined) expect.fail(simulationReport(result))
  const wanted = NAMES.flatMap((name) => [0, 1, 2, 3].map((n) => `${name} ${n}`))
  expect([...here.shown].sort()).toEqual(wanted.map((text) => [text, 1]))
  expect([...here.delivered].sort()).toEqual(wanted)
}, 60_000)

it('with a relay beside it the link is used while it works, and the relay when it does not', async () => {
  const sim = simulation({ seed: 6 })
  const far = (from: string, to: string): boolean => from.startsWith('relay') || to.startsWith('relay')
  const network = simulatedNetwork(sim, {
    conditions: (from, to) =>
      far(from, to) ? { delayMs: [300, 400], ordered: true } : { delayMs: [2, 4], ordered: true },
  })
  const all = sockets(network)
  const relay = simulatedRelay(network, 'relay')
  const here = world(network, (life) => [
    naming(simulatedLink(network, all, life), othersOf(life.name)),
    relay.transport(life),
  ])
  const nodes = NAMES.map((name) => sim.node(name, (life) => node(here, life)))
  for (const one of nodes) one.boot()
  // From then on nodes reach the relay and not each other.
  sim.after(TURMOIL_MS / 2, 'links die', () =>
    network.setConditions((from, to) =>
      far(from, to) ? { delayMs: [300, 400], ordered: true } : { loss: 1 },
    ),
  )
  const result = await sim.run({ forMs: 3 * TURMOIL_MS })
  if (result.failure !== undefined) expect.fail(simulationReport(result))
  const wanted = NAMES.flatMap((name) => [0, 1, 2, 3].map((n) => `${name} ${n}`))
  expect([...here.shown].sort()).toEqual(wanted.map((text) => [text, 1]))
  expect([...here.delivered].sort()).toEqual(wanted)
  const quick = [...here.delays.values()].filter((ms) => ms < 100).length
  const slow = [...here.delays.values()].filter((ms) => ms >= 300).length
  expect(quick).toBeGreaterThan(4)
  expect(slow).toBeGreaterThan(2)
}, 60_000)
