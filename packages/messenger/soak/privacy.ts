// `npm run soak -- messenger [-- --nodes 40 --hours 24 --groups 5 --seed 1]`: a village over days in each mode, and what each
// adversary claims of who talks to whom and who is in which group (spec/privacy.md section 5).
import { performance } from 'node:perf_hooks'
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { type Delivered, runVillage, type VillageOptions } from '../test/simulation/village.js'

const { values } = parseArgs({
  args: argv.slice(2).filter((one) => one !== '--'),
  options: {
    nodes: { type: 'string', default: '40' },
    hours: { type: 'string', default: '24' },
    seed: { type: 'string', default: '1' },
    groups: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
})
const [nodes, hours, seed, groups] = [values.nodes, values.hours, values.seed, values.groups].map(Number) as [
  number,
  number,
  number,
  number,
]

/** Makes of a hostile relay that claims to be huge: crowds as small as a strict node ever lets them be. */
const CLAIMED_BITS = 24

/** `high` sends as much in six hours as `low` does in four days. */
const HIGH = { nodes: 20, hours: 6, groups: 3 } as const

const RUNS: readonly (readonly [string, Pick<VillageOptions, 'mode'> & Partial<VillageOptions>])[] = [
  ['thin', { mode: 'thin' }],
  ['standard', { mode: 'standard' }],
  ['strict, cover off', { mode: 'strict', cover: 'off' }],
  ['strict, cover low', { mode: 'strict', cover: 'low' }],
  ['strict, cover high, 20 nodes, 6 hours', { mode: 'strict', cover: 'high', ...HIGH }],
  ['strict, cover low, relay claims 24 bits', { mode: 'strict', cover: 'low', claimedBits: CLAIMED_BITS }],
]

for (const [name, run] of RUNS) {
  if (values.only !== undefined && values.only !== name) continue
  const startedAt = performance.now()
  const village = await runVillage({
    seed,
    nodes,
    hours,
    groups,
    quietHours: (run.hours ?? hours) / 3,
    ...run,
  })
  const { result, report, direct, inGroups, bytesADay } = village
  if (result.failure !== undefined) throw result.failure.error
  stdout.write(
    `\n${name}: ${shown(direct)} in pairs, ${shown(inGroups)} in groups; ` +
      `${(bytesADay / 1e6).toFixed(1)} MB a node and day; ran for ${seconds(performance.now() - startedAt)}\n`,
  )
  for (const { adversary, method, among, guesses } of report.attacks) {
    if (guesses === undefined) continue
    const { claimed, right, pairs } = guesses
    const chance = among === 0 ? 0 : (claimed * pairs) / among
    stdout.write(
      `  ${adversary}, ${method}: claims ${claimed}, right ${right}, of ${pairs}; by chance ${chance.toFixed(1)}\n`,
    )
  }
}

/** Messages times readers. */
function shown({ said, delays }: Delivered): string {
  const median = delays[Math.floor(delays.length / 2)] ?? 0
  const worst = delays.at(-1) ?? 0
  return `${delays.length} of ${said} messages shown, median ${seconds(median)}, slowest ${seconds(worst)}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
