/**
 * A village for the simulator: nodes that run the messenger as it is, who talk with each other in pairs and in groups, in
 * bursts over days, over relays that write down what they see. What comes out is what each adversary could claim of it.
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
import {
  createMessenger,
  type IncomingMessage,
  type Messenger,
  type MessengerOptions,
} from '../../src/index.js'
import {
  drawGroups,
  foundGroup,
  type GroupLife,
  type GroupTalk,
  noteBoxes,
  talkInGroup,
} from './village-groups.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export interface VillageOptions {
  readonly seed: number
  readonly nodes: number
  readonly hours: number
  /** Of four and five; none when left out. */
  readonly groups?: number
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
  /** Friends who talked, and members of one group. */
  readonly pairs: readonly TalkingPair[]
  readonly direct: Delivered
  readonly inGroups: Delivered
  /** Bytes sent and received by one node in one day, in the mean. */
  readonly bytesADay: number
}

export interface Delivered {
  /** Messages times those who were to read them. */
  readonly said: number
  /** Milliseconds from saying to showing, rising. */
  readonly delays: readonly number[]
}

interface World {
  readonly options: VillageOptions
  readonly relays: readonly RelayEndpoint[]
  readonly ids: Map<string, Messenger['id']>
  readonly friends: ReadonlyMap<string, readonly string[]>
  /** Who began to talk to whom. */
  readonly talked: Set<string>
  readonly groups: readonly GroupLife[]
  /** By text. */
  readonly saidAt: Map<string, number>
  /** By text and reader; undefined until it was shown. */
  readonly delays: Map<string, number | undefined>
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

/** Notes it, so that it is known to be missing where it is never shown. */
async function say(
  world: World,
  life: NodeLife,
  text: string,
  readers: readonly string[],
  send: (text: string) => Promise<unknown>,
): Promise<void> {
  world.saidAt.set(text, life.clock.now())
  for (const reader of readers) world.delays.set(`${text} > ${reader}`, undefined)
  await persist(life, () => send(text))
}

async function sayTo(world: World, life: NodeLife, messenger: Messenger, to: string): Promise<void> {
  const id = world.ids.get(to)
  if (id === undefined) return
  world.talked.add(`${life.name} ${to}`)
  await say(world, life, `${life.name} to ${to} ${world.saidAt.size}`, [to], async (text) =>
    (await messenger.conversation(id)).send(text),
  )
}

/** Talks in bursts, a few times a day. */
async function talk(world: World, life: NodeLife, messenger: Messenger, to: string): Promise<void> {
  const endsAt = (world.options.hours - world.options.quietHours) * HOUR_MS
  const startedAt = life.clock.now()
  for (;;) {
    await pause(life, 3 * HOUR_MS)
    for (let burst = 2 + life.random.integer(4); burst > 0; burst--) {
      if (life.clock.now() - startedAt > endsAt) return
      await sayTo(world, life, messenger, to)
      await pause(life, 2 * MINUTE_MS)
    }
  }
}

/** In pairs about every other message is answered, after a while; in groups each by one in seven of its readers. */
async function answer(
  world: World,
  life: NodeLife,
  messenger: Messenger,
  { from, place }: IncomingMessage,
): Promise<void> {
  const group = world.groups.find(({ members }) => members.includes(life.name))
  const sender = [...world.ids].find(([, id]) => id === from)?.[0]
  if (sender === undefined || !life.random.chance(place.kind === 'direct' ? 0.5 : 1 / 7)) return
  await pause(life, MINUTE_MS)
  const text = `re ${life.name} ${world.saidAt.size}`
  if (place.kind === 'direct')
    await say(world, life, text, [sender], async (one) => (await messenger.conversation(from)).send(one))
  else {
    const others = group?.members.filter((name) => name !== life.name) ?? []
    await say(world, life, text, others, async (one) => (await messenger.group(place.group)).send(one))
  }
}

async function node(world: World, life: NodeLife): Promise<void> {
  const messenger = await persist(life, () => createMessenger(nodeOptions(world, life)))
  world.ids.set(life.name, messenger.id)
  for (const friend of world.friends.get(life.name) ?? [])
    life.spawn('talks', () => talk(world, life, messenger, friend))
  const group = world.groups.find(({ members }) => members.includes(life.name))
  if (group !== undefined) joinIn(world, life, messenger, group)
  for await (const message of messenger.messages()) {
    const { text } = message
    const shown = `${text} > ${life.name}`
    if (text === undefined || !world.delays.has(shown) || world.delays.get(shown) !== undefined) continue
    world.delays.set(shown, life.clock.now() - (world.saidAt.get(text) ?? 0))
    if (!text.startsWith('re')) life.spawn('answers', () => answer(world, life, messenger, message))
  }
}

function joinIn(world: World, life: NodeLife, messenger: Messenger, group: GroupLife): void {
  const { hours, quietHours } = world.options
  const talking: GroupTalk = {
    ids: world.ids,
    endsAfterMs: (hours - quietHours) * HOUR_MS,
    say: (...what) => say(world, life, ...what),
    pause,
  }
  life.spawn('notes', () => noteBoxes(life, group))
  life.spawn('talks to all', () => talkInGroup(talking, life, messenger, group))
  if (group.members[0] === life.name)
    life.spawn('founds', () => persist(life, () => foundGroup(talking, life, messenger, group)))
}

export async function runVillage(options: VillageOptions): Promise<Village> {
  const { seed, nodes, hours, groups = 0, claimedBits } = options
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
    groups: drawGroups(sim.random('groups'), names, groups),
    saidAt: new Map(),
    delays: new Map(),
  }
  // Not all at once, or starting would tell who is who.
  for (const name of names) {
    const started = sim.node(name, (life) => node(world, life))
    sim.after(sim.random(`start ${name}`).integer(HOUR_MS), 'starts', () => started.boot())
  }
  const result = await sim.run({ forMs: hours * HOUR_MS })
  const met = [
    ...pairs.filter(([one, other]) => world.talked.has(`${one} ${other}`)),
    ...world.groups.flatMap(({ members }) => pairsIn(members)),
  ]
  const truth = [...new Map(met.map((pair) => [[...pair].sort().join(), pair])).values()]
  const report = leakageReport(network, {
    truth,
    clients: names,
    groups: world.groups.map(({ members, boxes }) => ({ members, boxes: [...boxes] })),
  })
  const own = new Set(names)
  const wire = network.observations.wireSightings()
  const bytes = wire.reduce((sum, one) => (own.has(one.from) || own.has(one.to) ? sum + one.bytes : sum), 0)
  return {
    result,
    report,
    pairs: truth,
    direct: deliveredOf(world, (readers) => readers === 1),
    inGroups: deliveredOf(world, (readers) => readers > 1),
    bytesADay: (bytes / nodes) * (24 / hours),
  }
}

function pairsIn(names: readonly string[]): TalkingPair[] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other): TalkingPair => [one, other]))
}

function deliveredOf({ delays }: World, counts: (readers: number) => boolean): Delivered {
  const byText = new Map<string, (number | undefined)[]>()
  for (const [name, delay] of delays) {
    const text = name.slice(0, name.indexOf(' > '))
    byText.set(text, [...(byText.get(text) ?? []), delay])
  }
  const those = [...byText.values()].filter(({ length }) => counts(length)).flat()
  const shown = those.filter((delay) => delay !== undefined)
  return { said: those.length, delays: shown.sort((a, b) => a - b) }
}
