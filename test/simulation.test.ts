// Whole nodes in the simulator, their code unchanged: what is said arrives through loss, crashes and outages, the same
// seed is the same run, what a relay could link is known, and a thin link is as slow as its bits and no slower. The run of
// five hundred nodes is a figure of `npm run bench -- transports`; NODES=500 npx vitest run simulation.test.ts for its report.
import { env } from 'node:process'
import { leakageReport, leakageText, simulationReport } from '@hyphae/testkit'
import { expect, it } from 'vitest'
import { runLora } from '../bench/src/transports/lora.js'
import { quantile, runTurmoil, type Turmoil } from '../bench/src/transports/turmoil.js'

const NODES = Number(env.NODES ?? 10)

function expectAllDelivered({ result, churn, delays, expected }: Turmoil): void {
  if (result.failure !== undefined) expect.fail(simulationReport(result))
  expect(delays.length).toBe(expected)
  expect(churn).toBeGreaterThanOrEqual(0.25)
}

it('nodes under churn and loss lose nothing, and the same seed is the same run, keys and all', async () => {
  const first = await runTurmoil({ seed: 5, nodes: NODES, watchWire: true })
  expectAllDelivered(first)
  const leaks = leakageText(leakageReport(first.network, { truth: first.truth }))
  expect(leaks).toContain('who talks to whom')
  if (env.NODES !== undefined) {
    const of = (part: number): number => quantile(first.delays, part)
    console.log(`ms: p50 ${of(0.5)}, p90 ${of(0.9)}, p99 ${of(0.99)}, most ${of(1)}\n${leaks}`)
    return
  }
  const again = await runTurmoil({ seed: 5, nodes: NODES, watchWire: true })
  expect(again.result.fingerprint).toBe(first.result.fingerprint)
  const other = await runTurmoil({ seed: 7, nodes: NODES })
  expectAllDelivered(other)
  expect(other.result.fingerprint).not.toBe(first.result.fingerprint)
}, 600_000)

it('1 KB over a LoRa link of 1 kbps takes at most 12 seconds, in packets of at most 255 bytes', async () => {
  const { seconds, largestPacket } = await runLora(1_000, [512, 512, 128])
  expect(seconds).toBeLessThanOrEqual(12)
  expect(largestPacket).toBeLessThanOrEqual(255)
})

it.each([300, 5_000, 50_000])(
  'a LoRa link of %i bps carries frames through loss and silence',
  async (bps) => {
    const clean = await runLora(bps, [512])
    // The bits of the frame alone; sealing, numbering and acknowledging may cost a third of that again.
    expect(clean.seconds).toBeGreaterThan((512 * 8) / bps)
    expect(clean.seconds).toBeLessThan((1.5 * 512 * 8) / bps + 0.3)
    const { airBytes } = await runLora(bps, [512, 512], { loss: 0.2, dutyCycle: 0.5 })
    expect(airBytes).toBeGreaterThan(2 * 512)
  },
)
