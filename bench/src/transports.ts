// Area `transports`: what the carriers cost, beside what they are built on or stand beside.
import { consume, type Report, runArea } from './harness.ts'
import { libp2pRows } from './transports/libp2p.ts'
import { linkRows } from './transports/link.ts'
import { nostrRows } from './transports/nostr.ts'
import { objectRows } from './transports/objects.ts'
import { simulatedRows } from './transports/simulated.ts'

async function transports(print: (text: string) => void): Promise<Report> {
  const report: Report = { area: 'transports', figures: {}, ratios: {} }
  await linkRows(report)
  await libp2pRows(report)
  await nostrRows(report)
  await objectRows(report)
  await simulatedRows(report, print)
  for (const [name, value] of Object.entries({ ...report.figures, ...report.ratios }))
    print(`${name} ${value}\n`)
  consume(0)
  return report
}

await runArea(transports)
