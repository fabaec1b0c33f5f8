/**
 * A village for the simulator: nodes that run the messenger as it is, some of whom talk with each other in bursts over
 * days, over relays that write down what they see. What comes out is what each adversary could claim of it.
 */
import { isHyphaeError } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import {
  type LeakageReport,
  leakageReport,
  type NodeLife,
  type RelayEndpoint,
  type SimulationResult,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  type TalkingPair,
} from '@hyphae/testkit'
import { createMessenger, type Messenger, type MessengerOptions } from '../../src/index.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export interface VillageOptions {
  readonly seed: number
  readonly nodes: number
  readonly hours: number
  /** So long before the end nobody says anything more, so that what was said arrives. */
  readonly quietHours: number
  readonly mode: 'thin' | 'standard' | 'strict'
  readonly cover?: 'off' | 'low' | 'high'
  /** What the relay says of its bits, whatever the truth is: a hostile one makes crowds small. */
  readonly claimedBits?: number
}

export interface Village {
  readonly result: SimulationResult
  readonly report: LeakageReport
  readonly pairs: readonly TalkingPair[]
  readonly said: number
  /** Milliseconds from saying to showing, rising. */
  readonly delays: readonly number[]
  /** Bytes sent and received by one node in one day, in the mean. */
  readonly bytesADay: number
}

interface World {
  readonly options: VillageOptions
  readonly relays: readonly RelayEndpoint[]
  readonly ids: Map<string, Messenger['id']>
  readonly friends: ReadonlyMap<string, readonly string[]>
  /** Who began to talk to whom. */
  readonly talked: Set<string>
  readonly saidAt: Map<string, number>
  readonly delays: Map<string, number>
}

/** Everybody with the next one in a shuffled circle: as many pairs as nodes, two friends for each. */
function pairsOf(names: readonly string[]): TalkingPair[] {
  return names.map((name, index) => [name, names[(index + 1) % names.length] as string])
}

function nodeOptions({ options, relays }: World, life: NodeLife): MessengerOptions {
  const { mode, cover } = options
  const [second, entry] = relays as [RelayEndpoint, RelayEndpoint]
  const transport = mode === 'strict' ? second.transport(life, { via: entry }) : second.transport(life)
  return {
    transports: [transport],
    store: life.disk,
    clock: life.clock,
    crypto: createNodeCrypto({ rng: life.rng }),
    mode,
    ...(cover && { cover }),
  }
}

/** What an application does with an error that says it may be tried again, or when somebody is not there yet. */
async function persist<T>(life: NodeLife, attempt: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await attempt()
    } catch (error) {
      const early = isHyphaeError(error, 'messenger/unknown-account')
      if (!early && !(isHyphaeError(error) && error.retryable)) throw error
      await pause(life, MINUTE_MS)
    }
}

function pause(life: NodeLife, meanMs: number): Promise<void> {
  return life.clock.sleep(Math.round(-Math.log(1 - life.random.next()) * meanMs))
}

async function say(world: World, life: NodeLife, messenger: Messenger, to: string): Promise<void> {
  const id = world.ids.get(to)
  if (id === undefined) return
  world.talked.add(`${life.name} ${to}`)
  const text = `${life.name} to ${to} ${world.saidAt.size}`
  world.saidAt.set(text, life.clock.now())
  await persist(life, async () => (await messenger.conversation(id)).send(text))
}

/** Talks in bursts, a few times a day. */
async function talk(world: World, life: NodeLife, messenger: Messenger, to: string): Promise<void> {
  const endsAt = (world.options.hours - world.options.quietHours) * HOUR_MS
  const startedAt = life.clock.now()
  for (;;) {
    await pause(life, 3 * HOUR_MS)
    for (let burst = 2 + life.random.integer(4); burst > 0; burst--) {
      if (life.clock.now() - startedAt > endsAt) return
      await say(world, life, messenger, to)
      await pause(life, 2 * MINUTE_MS)
    }
  }
}

/** Answers about every other message, after a while. */
async function node(world: World, life: NodeLife): Promise<void> {
  const messenger = await persist(life, () => createMessenger(nodeOptions(world, life)))
  world.ids.set(life.name, messenger.id)
  for (const friend of world.friends.get(life.name) ?? [])
    life.spawn('talks', () => talk(world, life, messenger, friend))
  for await (const { text, from } of messenger.messages()) {
    if (text === undefined || world.delays.has(text)) continue
    world.delays.set(text, life.clock.now() - (world.saidAt.get(text) ?? 0))
    const sender = [...world.ids].find(([, id]) => id === from)?.[0]
    if (sender === undefined || text.startsWith('re') || life.random.chance(0.5)) continue
    life.spawn('answers', async () => {
      await pause(life, MINUTE_MS)
      const answer = `re ${life.name} ${world.saidAt.size}`
      world.saidAt.set(answer, life.clock.now())
      await persist(life, async () => (await messenger.conversation(from)).send(answer))
    })
  }
}

export async function runVillage(options: VillageOptions): Promise<Village> {
  const { seed, nodes, hours, claimedBits } = options
  const sim = simulation({ seed })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [10, 200] } })
  network.observations.watchWire()
  const claims = claimedBits === undefined ? {} : { claimedBits }
  const second = simulatedRelay(network, 'second', { holdMs: 10 * MINUTE_MS, ...claims })
  const relays = options.mode === 'strict' ? [second, simulatedRelay(network, 'entry')] : [second]
  const names = Array.from({ length: nodes }, (_, index) => `n${index}`)
  const pairs = pairsOf(sim.random('circle').shuffle(names))
  const friends = new Map(pairs.map(([one, other]) => [one, [other]]))
  const world: World = {
    options,
    relays,
    ids: new Map(),
    friends,
    talked: new Set(),
    saidAt: new Map(),
    delays: new Map(),
  }
  // Not all at once, or starting would tell who is who.
  for (const name of names) {
    const started = sim.node(name, (life) => node(world, life))
    sim.after(sim.random(`start ${name}`).integer(HOUR_MS), 'starts', () => started.boot())
  }
  const result = await sim.run({ forMs: hours * HOUR_MS })
  const truth = pairs.filter(([one, other]) => world.talked.has(`${one} ${other}`))
  const report = leakageReport(network, { truth, clients: names })
  const own = new Set(names)
  const wire = network.observations.wireSightings()
  const bytes = wire.reduce((sum, one) => (own.has(one.from) || own.has(one.to) ? sum + one.bytes : sum), 0)
  const delays = [...world.delays.values()].sort((a, b) => a - b)
  return {
    result,
    report,
    pairs: truth,
    said: world.saidAt.size,
    delays,
    bytesADay: (bytes / nodes) * (24 / hours),
  }
}
