// Whole messengers over one relay, in virtual time, their code unchanged: a part of them crashes, loses its network or is
// suspended, and datagrams are lost, while half of them talk to the other half. The same seed is the same run.
import { isHyphaeError } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import { createMessenger } from '@hyphae/messenger'
import {
  type Fault,
  injectFaults,
  type NodeLife,
  planFaults,
  type RelayEndpoint,
  type SimulatedNetwork,
  type Simulation,
  type SimulationResult,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  type TalkingPair,
} from '@hyphae/testkit'

const MESSAGES = 3
const LOSS = 0.05
const TURMOIL_MS = 120_000
/** From the end of the turmoil, for what is still on its way. */
const QUIET_MS = 360_000
/** Faults fall on nodes at random, so that some are hit twice: this many a node hit 30 % of them. */
const FAULTS_A_NODE = 0.36

type Messenger = Awaited<ReturnType<typeof createMessenger>>

export interface TurmoilOptions {
  readonly seed: number
  readonly nodes: number
  /** Writes down what passes, for a report of what can be linked. */
  readonly watchWire?: boolean
  /** All nodes use all of them; one where it is left out. */
  readonly relays?: number
  /** Whether nodes crash, lose their network and are suspended; they do where it is left out. */
  readonly faults?: boolean
  /** How far the clock of the node with this number is off. */
  readonly skewMs?: (index: number) => number
  /** Makes relays lie, or fail. */
  readonly arrange?: (relays: readonly RelayEndpoint[], sim: Simulation) => void
}

export interface Turmoil {
  readonly result: SimulationResult
  readonly network: SimulatedNetwork
  /** Who talks to whom. */
  readonly truth: readonly TalkingPair[]
  /** Part of the nodes that were hit by a fault. */
  readonly churn: number
  readonly expected: number
  /** Virtual milliseconds from `send` to being shown, shortest first; one for each message that came. */
  readonly delays: readonly number[]
  /** Texts that one run of a node has shown twice. */
  readonly repeats: number
}

/** What every node of a run shares. */
interface Meeting {
  readonly relays: readonly RelayEndpoint[]
  readonly ids: Map<string, Messenger['id']>
  /** When each text was said, and how long it took to be shown. */
  readonly saidAt: Map<string, number>
  readonly delays: Map<string, number>
  repeats: number
  /** The true time, whatever the clocks of nodes show. */
  readonly now: () => number
}

/** Even nodes talk to the odd ones after them. */
function peerOf(name: string): string | undefined {
  const index = Number(name.slice(1))
  return index % 2 === 0 ? `n${index + 1}` : undefined
}

/** What an application does with an error that says it may be tried again. */
async function persist<T>(life: NodeLife, attempt: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await attempt()
    } catch (error) {
      if (!isHyphaeError(error) || !error.retryable) throw error
      await life.clock.sleep(1000 + life.random.integer(2000))
    }
}

/** How far it has come lies on its disk. */
async function node(meeting: Meeting, life: NodeLife): Promise<void> {
  const messenger = await persist(life, () =>
    createMessenger({
      transports: meeting.relays.map((relay) => relay.transport(life)),
      store: life.disk,
      clock: life.clock,
      crypto: createNodeCrypto({ rng: life.rng }),
    }),
  )
  meeting.ids.set(life.name, messenger.id)
  const peer = peerOf(life.name)
  if (peer !== undefined) life.spawn('talks', () => talk(meeting, life, messenger, peer))
  const shown = new Set<string>()
  for await (const { text } of messenger.messages()) {
    if (text === undefined) continue
    if (shown.has(text)) meeting.repeats += 1
    shown.add(text)
    if (meeting.delays.has(text)) continue
    meeting.delays.set(text, meeting.now() - (meeting.saidAt.get(text) ?? 0))
    life.log('shows', text)
  }
}

async function talk(
  { ids, saidAt, now }: Meeting,
  life: NodeLife,
  messenger: Messenger,
  peer: string,
): Promise<void> {
  for (let next = (await life.disk.get(['talk']))?.[0] ?? 0; next < MESSAGES; next++) {
    await life.clock.sleep(1000 + life.random.integer(TURMOIL_MS / MESSAGES))
    const id = ids.get(peer)
    if (id === undefined) {
      // Not there yet: nobody knows it.
      next -= 1
      continue
    }
    const text = `${life.name} ${next}`
    if (!saidAt.has(text)) saidAt.set(text, now())
    const conversation = await persist(life, () => messenger.conversation(id))
    await conversation.send(text)
    await life.disk.transact((tx) => tx.put(['talk'], Uint8Array.of(next + 1)))
  }
}

function churnOf(faults: readonly Fault[], nodes: number): number {
  const hit = new Set(faults.flatMap((fault) => ('node' in fault ? [fault.node] : [])))
  return hit.size / nodes
}

export async function runTurmoil(options: TurmoilOptions): Promise<Turmoil> {
  const { seed, nodes, watchWire = false, relays: count = 1, faults: faulty = true } = options
  const sim = simulation({ seed })
  const network = simulatedNetwork(sim, { conditions: { loss: LOSS, delayMs: [10, 200] } })
  if (watchWire) network.observations.watchWire()
  const relays = Array.from({ length: count }, (_, index) => simulatedRelay(network, `relay${index}`))
  const meeting: Meeting = {
    relays,
    ids: new Map(),
    saidAt: new Map(),
    delays: new Map(),
    repeats: 0,
    now: sim.clock.now,
  }
  const names = Array.from({ length: nodes }, (_, index) => `n${index}`)
  for (const [index, name] of names.entries())
    sim.node(name, (life) => node(meeting, life), { skewMs: options.skewMs?.(index) ?? 0 }).boot()
  const plan = {
    nodes: names,
    forMs: TURMOIL_MS,
    count: faulty ? Math.ceil(nodes * FAULTS_A_NODE) : 0,
    kinds: ['crash', 'torn', 'offline', 'suspend'] as const,
  }
  const faults = planFaults(sim.random('plan'), plan)
  injectFaults(network, faults)
  options.arrange?.(relays, sim)
  const turmoil = await sim.run({ forMs: TURMOIL_MS })
  const result = turmoil.failure === undefined ? await sim.run({ forMs: QUIET_MS }) : turmoil
  const truth = names.flatMap((name): TalkingPair[] => {
    const peer = peerOf(name)
    return peer === undefined ? [] : [[name, peer]]
  })
  return {
    result,
    network,
    truth,
    churn: churnOf(faults, nodes),
    expected: truth.length * MESSAGES,
    delays: [...meeting.delays.values()].sort((a, b) => a - b),
    repeats: meeting.repeats,
  }
}

/** The delay that this part of all messages did not exceed, in milliseconds. */
export function quantile(delays: readonly number[], part: number): number {
  return delays[Math.max(0, Math.ceil(part * delays.length) - 1)] ?? Number.NaN
}
