// Hundreds of nodes under churn and loss, and what the relay and the wire could link.
import { type BoxKey, boxId, type Carrier, type Mailbox, silentLogger } from '@hyphae/core'
import {
  injectFaults,
  leakageReport,
  leakageText,
  type NodeLife,
  planFaults,
  type SimulatedNetwork,
  type SimulationResult,
  simulatedNetwork,
  simulatedRelay,
  simulation,
  type TalkingPair,
} from '@hyphae/testkit'
import { expect, test } from 'vitest'

const FRAME_BYTES = 512
const PAIRS = 100

function boxOf(index: number): BoxKey {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, index + 1)
  return { id: boxId(bytes), sign: () => new Uint8Array(64) }
}

/** Puts one frame until the relay has confirmed it; the id lies on the disk, so a crash repeats it and no more. */
async function deliver(life: NodeLife, mailbox: Mailbox, to: BoxKey, number: number): Promise<void> {
  const frame = new Uint8Array(FRAME_BYTES).fill(number)
  const id = new Uint8Array(16).fill(number)
  for (;;) {
    try {
      await mailbox.put([{ box: to.id, id, frame }])
      return
    } catch {
      await life.clock.sleep(500 + life.random.integer(2000))
    }
  }
}

/** The even nodes send to the odd ones: `count` messages each, one every ten seconds or so. */
function pairedNode(carry: (life: NodeLife) => Promise<Carrier>, index: number, count: number) {
  return async (life: NodeLife): Promise<void> => {
    const mailbox = (await carry(life)).mailbox as Mailbox
    if (index % 2 === 1) {
      for await (const delivery of mailbox.watch(boxOf(index))) {
        const number = delivery.frame[0] as number
        await life.disk.transact((tx) => tx.put(['got', number], new Uint8Array(1)))
        await delivery.ack().catch(() => {})
      }
      return
    }
    for (let next = (await life.disk.get(['sent']))?.[0] ?? 0; next < count; next++) {
      await life.clock.sleep(5000 + life.random.integer(10_000))
      await deliver(life, mailbox, boxOf(index + 1), next)
      await life.disk.transact((tx) => tx.put(['sent'], Uint8Array.of(next + 1)))
    }
  }
}

interface Run {
  readonly result: SimulationResult
  readonly network: SimulatedNetwork
  readonly missing: number
}

async function run(seed: number, count: number): Promise<Run> {
  const sim = simulation({ seed })
  const network = simulatedNetwork(sim, { conditions: { loss: 0.05, delayMs: [10, 200] } })
  network.observations.watchWire()
  const relay = simulatedRelay(network, 'relay')
  const carry = (life: NodeLife): Promise<Carrier> =>
    relay.transport(life)({ clock: life.clock, logger: silentLogger })
  const names = Array.from({ length: 2 * PAIRS }, (_, index) => `n${index}`)
  for (const [index, name] of names.entries()) sim.node(name, pairedNode(carry, index, count)).boot()
  const kinds = ['crash', 'torn', 'offline', 'suspend'] as const
  injectFaults(network, planFaults(sim.random('plan'), { nodes: names, forMs: 120_000, count: PAIRS, kinds }))
  const result = await sim.run({ forMs: 300_000 })
  let missing = 0
  for (const node of sim.nodes().filter((_, index) => index % 2 === 1))
    missing += count - ((await node.life?.disk.list(['got'])) ?? []).length
  return { result, network, missing }
}

test('two hundred nodes, a hundred crashes and outages, 5 % loss: everything arrives, and the same seed is the same run', async () => {
  const first = await run(11, 5)
  expect(first.result.failure).toBeUndefined()
  expect(first.missing).toBe(0)
  expect(first.result.fingerprint).toBe((await run(11, 5)).result.fingerprint)
})

test('the leakage report says what exact boxes and timing give away', async () => {
  const { network } = await run(12, 8)
  const truth = Array.from({ length: PAIRS }, (_, n): TalkingPair => [`n${2 * n}`, `n${2 * n + 1}`])
  const report = leakageReport(network, { truth })
  const [relay] = report.relays
  expect(relay).toMatchObject({ relay: 'relay', addresses: 2 * PAIRS, boxes: PAIRS })
  expect(relay?.boxesReadPerConnection).toEqual({ mean: 1, most: 1 })
  expect(Object.keys(relay?.sizes ?? {})).toEqual([String(FRAME_BYTES)])
  // One exact box for each pair: the relay knows them all, without error.
  expect(report.byRelays).toEqual({ claimed: PAIRS, right: PAIRS, pairs: PAIRS })
  // Without looking into the relay, timing alone finds most.
  expect(report.byTiming?.right).toBeGreaterThan(PAIRS / 2)
  const text = leakageText(report)
  expect(text).toContain('relay relay saw')
  expect(text).toContain(`claims ${PAIRS} pairs, ${PAIRS} rightly, of ${PAIRS}`)
})
