// Area `transports`: what the carriers cost, beside what they are built on or stand beside.
import { consume, type Report, runArea } from './harness.ts'
import { nostrRows } from './transports/nostr.ts'

function transports(print: (text: string) => void): Report {
  const report: Report = { area: 'transports', figures: {}, ratios: {} }
  nostrRows(report)
  for (const [name, value] of Object.entries({ ...report.figures, ...report.ratios }))
    print(`${name} ${value}\n`)
  consume(0)
  return report
}

await runArea(transports)
