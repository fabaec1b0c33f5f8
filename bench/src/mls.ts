// Area `mls`: groups, ours against ts-mls as it comes and against core-crypto (OpenMLS in WebAssembly), suite 1, in
// one process with state in memory.
//
// Rows at 100 and 1,000 members: one commit that adds everybody, joining from its Welcome, a member's update and
// reading it (the first and the last member in turn, in a tree that is bare but for their paths), and an application
// message of 64 bytes from the first to the last. Ours also at 1,500, with every other operation.
import { loadavg } from 'node:os'
import { median, type Report, round, runArea, table } from './harness.ts'
import type { Contender } from './mls/contender.ts'
import { coreCrypto } from './mls/core-crypto.ts'
import { hyphae } from './mls/hyphae.ts'
import { large } from './mls/large.ts'
import { compete, type Entry, GROUP_ROWS, MESSAGE_ROWS, type Pace, type Row } from './mls/timing.ts'
import { tsMls } from './mls/ts-mls.ts'

const LARGE = 1500
const SIZES = [100, 1000] as const
const PEERS = [
  { id: 'CoreCrypto', contender: coreCrypto },
  { id: 'TsMls', contender: tsMls },
] as const

/** The slow ones get fewer rounds: the whole must be bearable. */
function paceOf(contender: Contender, members: number): Pace {
  if (members <= 100) return { groups: 5, updates: 3 }
  if (contender === hyphae) return { groups: 5, updates: 3 }
  return contender === coreCrypto ? { groups: 3, updates: 3 } : { groups: 1, updates: 2 }
}

type Medians = ReadonlyMap<string, ReadonlyMap<Row, number>>

async function measureAt(members: number): Promise<Medians> {
  const contenders = [hyphae, ...PEERS.map(({ contender }) => contender)]
  const entries: Entry[] = contenders.map((contender) => ({ contender, pace: paceOf(contender, members) }))
  const samples = await compete(entries, members)
  const rows = [...GROUP_ROWS, ...MESSAGE_ROWS]
  return new Map(
    [...samples].map(([name, of]) => [name, new Map(rows.map((row) => [row, round(median(of[row]), 3)]))]),
  )
}

function ratio(medians: Medians, peer: Contender, row: Row): number {
  const [theirs, ours] = [medians.get(peer.name)?.get(row), medians.get(hyphae.name)?.get(row)]
  return (theirs as number) / (ours as number)
}

function tell(print: (text: string) => void, medians: Medians, members: number): void {
  const columns = [...GROUP_ROWS, ...MESSAGE_ROWS].map((row): [string, Map<string, number>] => [
    row,
    new Map([...medians].map(([name, of]) => [name, of.get(row) as number])),
  ])
  print(`${table(`N = ${members}; ms, messages µs`, new Map(columns))}\n`)
}

function ratiosOf(small: Medians, big: Medians): Record<string, number> {
  const ratios: Record<string, number> = {}
  for (const { id, contender } of PEERS) {
    for (const row of MESSAGE_ROWS)
      ratios[`${row}Vs${id}`] = round(Math.min(ratio(small, contender, row), ratio(big, contender, row)))
    for (const row of GROUP_ROWS) ratios[`${row}Vs${id}`] = round(ratio(big, contender, row))
  }
  return ratios
}

function figuresOf(medians: Medians, members: number): [string, number][] {
  const ids = new Map([
    [hyphae.name, 'Hyphae'],
    ...PEERS.map((p): [string, string] => [p.contender.name, p.id]),
  ])
  return [...medians].flatMap(([name, of]) =>
    [...of].map(([row, value]): [string, number] => [`${row}${ids.get(name)}${members}`, value]),
  )
}

async function mls(print: (text: string) => void): Promise<Report> {
  const report: Report = { area: 'mls', figures: {}, ratios: {} }
  const { figures } = report
  figures.loadAverage = round(loadavg()[0] as number)
  const [small, big] = [await measureAt(SIZES[0]), await measureAt(SIZES[1])]
  tell(print, small, SIZES[0])
  tell(print, big, SIZES[1])
  Object.assign(figures, Object.fromEntries([...figuresOf(small, SIZES[0]), ...figuresOf(big, SIZES[1])]))
  Object.assign(report.ratios, ratiosOf(small, big))
  const alone = await large(LARGE, figures)
  for (const [name, value] of alone) figures[`${name}Hyphae${LARGE}`] = value
  const lines = [...alone].map(([name, value]) => `  ${name.padEnd(16)} ${value.toFixed(2)}\n`)
  print(`N = ${LARGE}, ours; ms\n${lines.join('')}\n`)
  print(`state ${figures.stateBytes1500} B, heap ${figures.heapBytesPerMember1500} B a member, `)
  print(`${figures.rowBytesPerMessage1500} B written for a message, Welcome ${figures.welcomeBytes1500} B, `)
  print(`${figures.welcomeApartBytes1500} B with the tree apart in ${figures.chunks1500} chunks\n`)
  print(`load average at the start ${figures.loadAverage}\n`)
  return report
}

await runArea(mls)
