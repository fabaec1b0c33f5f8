// Whole nodes in the simulator, their code unchanged: what is said arrives through loss, crashes and outages, the same
// seed is the same run, and what a relay could link is known. NODES=500 npx vitest run test/simulation.test.ts for more.
import { env } from 'node:process'
import { isHyphaeError } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import { createMessenger } from '@hyphae/messenger'
import {
  injectFaults,
  leakageReport,
  leakageText,
  type NodeLife,
  planFaults,
  type RelayEndpoint,
  type SimulationResult,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  simulationReport,
} from '@hyphae/testkit'
import { expect, it } from 'vitest'

const NODES = Number(env.NODES ?? 12)
const MESSAGES = 3
const TURMOIL_MS = 120_000

/** What every node of a run shares. */
interface Meeting {
  readonly relay: RelayEndpoint
  readonly ids: Map<string, Awaited<ReturnType<typeof createMessenger>>['id']>
  /** When each text was said, and how long it took to be shown. */
  readonly saidAt: Map<string, number>
  readonly delays: Map<string, number>
}

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

/** Even nodes talk to the odd ones; how far they have come lies on their disk. */
async function node(meeting: Meeting, life: NodeLife): Promise<void> {
  const messenger = await persist(life, () =>
    createMessenger({
      transports: [meeting.relay.transport(life)],
      store: life.disk,
      clock: life.clock,
      crypto: createNodeCrypto({ rng: life.rng }),
    }),
  )
  meeting.ids.set(life.name, messenger.id)
  const peer = peerOf(life.name)
  if (peer !== undefined) life.spawn('talks', () => talk(meeting, life, messenger, peer))
  for await (const message of messenger.messages()) {
    const { text } = message
    if (text === undefined || meeting.delays.has(text)) continue
    meeting.delays.set(text, life.clock.now() - (meeting.saidAt.get(text) ?? 0))
    life.log('shows', text)
  }
}

async function talk(
  { ids, saidAt }: Meeting,
  life: NodeLife,
  messenger: Awaited<ReturnType<typeof createMessenger>>,
  peer: string,
): Promise<void> {
  for (let next = (await life.disk.get(['talk']))?.[0] ?? 0; next < MESSAGES; next++) {
    await life.clock.sleep(1000 + life.random.integer(TURMOIL_MS / MESSAGES))
    // Not there yet: nobody knows it.
    const id = ids.get(peer)
    if (id === undefined) {
      next -= 1
      continue
    }
    const text = `${life.name} ${next}`
    if (!saidAt.has(text)) saidAt.set(text, life.clock.now())
    const conversation = await persist(life, () => messenger.conversation(id))
    await conversation.send(text)
    await life.disk.transact((tx) => tx.put(['talk'], Uint8Array.of(next + 1)))
  }
}

async function run(seed: number): Promise<{ result: SimulationResult; delays: number[]; leaks: string }> {
  const sim = simulation({ seed })
  const network = simulatedNetwork(sim, { conditions: { loss: 0.05, delayMs: [10, 200] } })
  network.observations.watchWire()
  const relay = simulatedRelay(network, 'relay')
  const meeting: Meeting = { relay, ids: new Map(), saidAt: new Map(), delays: new Map() }
  const names = Array.from({ length: NODES }, (_, index) => `n${index}`)
  for (const name of names) sim.node(name, (life) => node(meeting, life)).boot()
  const faults = planFaults(sim.random('plan'), {
    nodes: names,
    forMs: TURMOIL_MS,
    count: Math.ceil(NODES * 0.36),
    kinds: ['crash', 'torn', 'offline', 'suspend'],
  })
  injectFaults(network, faults)
  const result = await sim.run({ forMs: 4 * TURMOIL_MS })
  const truth = names.flatMap((name) => {
    const peer = peerOf(name)
    return peer === undefined ? [] : [[name, peer] as const]
  })
  const leaks = leakageText(leakageReport(network, { truth }))
  return { result, delays: [...meeting.delays.values()].sort((a, b) => a - b), leaks }
}

it('nodes under churn and loss lose nothing', async () => {
  const { result, delays, leaks } = await run(5)
  if (result.failure !== undefined) expect.fail(simulationReport(result))
  expect(delays.length).toBe((NODES / 2) * MESSAGES)
  expect(leaks).toContain('who talks to whom')
  if (env.NODES !== undefined) {
    const at = (part: number): number =>
      delays[Math.min(delays.length - 1, Math.floor(part * delays.length))] ?? 0
    console.log(
      `${delays.length} messages, ms: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, most ${at(1)}`,
    )
    console.log(leaks)
  }
}, 600_000)

it('the same seed is the same run, keys and all', async () => {
  if (env.NODES !== undefined) return
  const [first, again, other] = [await run(6), await run(6), await run(7)]
  expect(again.result.fingerprint).toBe(first.result.fingerprint)
  expect(other.result.fingerprint).not.toBe(first.result.fingerprint)
})
