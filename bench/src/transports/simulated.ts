// What the simulator says of carriers, in virtual time: figures of the code and not of the machine, the same in each run.
// `test/simulation.test.ts` holds those that are promised.
import process from 'node:process'
import { type Report, round } from '../harness.ts'
import { runLora } from './lora.ts'
import { quantile, runTurmoil, type Turmoil } from './turmoil.ts'

/** The frames that an object of 1 KB travels in over a thin link: 1,152 bytes. */
const KILOBYTE_FRAMES = [512, 512, 128]
const NODES = 500
const BINS_MS = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, Number.POSITIVE_INFINITY]

async function loraRows({ figures }: Report): Promise<void> {
  const { seconds, firstFrameSeconds, airBytes } = await runLora(1_000, KILOBYTE_FRAMES)
  figures.loraLink1KbSeconds = round(seconds)
  figures.loraLinkHandshakeAndFirstFrameSeconds = round(firstFrameSeconds)
  figures.loraLink1KbAirBytes = airBytes
}

/** `    2000  ######## 123`: how many took up to so many milliseconds. */
function histogram(delays: readonly number[]): string {
  const rows = BINS_MS.map((bin, index) => {
    const least = BINS_MS[index - 1] ?? -1
    const count = delays.filter((delay) => delay > least && delay <= bin).length
    const bar = '#'.repeat(Math.ceil((60 * count) / Math.max(1, delays.length)))
    return `${(Number.isFinite(bin) ? `≤ ${bin}` : 'more').padStart(10)} ms  ${bar} ${count}\n`
  })
  return rows.join('')
}

function churnRows({ figures }: Report, { churn, expected, delays }: Turmoil, wallMs: number): void {
  figures.churnNodes = NODES
  figures.churnPart = round(churn)
  figures.churnMessages = expected
  figures.churnDelivered = delays.length
  for (const [name, part] of [
    ['P50', 0.5],
    ['P90', 0.9],
    ['P99', 0.99],
    ['Max', 1],
  ] as const)
    figures[`churnDelay${name}Ms`] = quantile(delays, part)
  figures.churnWallSeconds = round(wallMs / 1000)
}

export async function simulatedRows(report: Report, print: (text: string) => void): Promise<void> {
  await loraRows(report)
  const begun = process.hrtime.bigint()
  const turmoil = await runTurmoil({ seed: 5, nodes: NODES })
  if (turmoil.result.failure !== undefined) throw new Error(turmoil.result.failure.what)
  churnRows(report, turmoil, Number(process.hrtime.bigint() - begun) / 1e6)
  print(`delays of ${turmoil.delays.length} messages among ${NODES} nodes:\n${histogram(turmoil.delays)}`)
}
