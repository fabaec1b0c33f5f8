// Area `relay`: the server beside its peers. Servers on one core, clients on the other.
// `--only <part>` measures one part.
import { loadavg } from 'node:os'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { type Report, round, runArea } from './harness.ts'
import { durableRows } from './relay/durable.ts'
import { growthRows } from './relay/growth.ts'
import { idleRows } from './relay/idle.ts'
import { jetstreamMissing, jetstreamRows } from './relay/jetstream.ts'
import { pinClients } from './relay/processes.ts'
import { storeRows } from './relay/stores.ts'
import { volatileRows } from './relay/volatile.ts'
import { waitingRows } from './relay/waiting.ts'

/** Left out, saying so, where the servers are not installed. */
async function clusterRows(report: Report): Promise<void> {
  const missing = jetstreamMissing()
  if (missing === undefined) await jetstreamRows(report)
  else process.stderr.write(`jetstream: ${missing}\n`)
}

const PARTS: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  durable: (report) => durableRows(report),
  volatile: volatileRows,
  waiting: waitingRows,
  growth: growthRows,
  stores: storeRows,
  jetstream: clusterRows,
  idle: idleRows,
  alone: (report) => durableRows(report, true),
}

/** Parts that a full run leaves out: they repeat something of another. */
const BY_NAME_ONLY = ['alone']

function chosen(): string[] {
  const at = process.argv.indexOf('--only')
  if (at < 0) return Object.keys(PARTS).filter((part) => !BY_NAME_ONLY.includes(part))
  const names = (process.argv[at + 1] ?? '').split(',')
  const unknown = names.find((name) => !(name in PARTS))
  if (unknown !== undefined) throw new Error(`--only ${Object.keys(PARTS).join('|')}, not '${unknown}'`)
  return names
}

async function relay(print: (text: string) => void): Promise<Report> {
  const report: Report = { area: 'relay', figures: {}, ratios: {} }
  report.figures.loadAverageBefore = round(loadavg()[0] as number)
  pinClients()
  // What the clients collect holds up what they measure, of every server alike.
  setFlagsFromString('--heap-growing-percent=200')
  for (const part of chosen()) {
    const begun = performance.now()
    await (PARTS[part] as (typeof PARTS)[string])(report)
    print(`${part}: ${round((performance.now() - begun) / 1000, 1)} s\n`)
  }
  report.figures.loadAverageAfter = round(loadavg()[0] as number)
  for (const [name, value] of Object.entries({ ...report.figures, ...report.ratios }))
    print(`${name} ${value}\n`)
  return report
}

await runArea(relay)
