// `npm run soak -- messenger [-- --nodes 40 --hours 24 --seed 1]`: a village over days in each mode, and what each
// adversary claims of who talks to whom (spec/privacy.md section 5).
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { runVillage, type VillageOptions } from '../test/simulation/village.js'

const { values } = parseArgs({
  args: argv.slice(2).filter((one) => one !== '--'),
  options: {
    nodes: { type: 'string', default: '40' },
    hours: { type: 'string', default: '24' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const [nodes, hours, seed] = [values.nodes, values.hours, values.seed].map(Number) as [number, number, number]

/** Makes of a hostile relay that claims to be huge: crowds as small as a strict node ever lets them be. */
const CLAIMED_BITS = 24

const RUNS: readonly (readonly [string, Pick<VillageOptions, 'mode' | 'cover' | 'claimedBits'>])[] = [
  ['thin', { mode: 'thin' }],
  ['standard', { mode: 'standard' }],
  ['strict, cover off', { mode: 'strict', cover: 'off' }],
  ['strict, cover low', { mode: 'strict', cover: 'low' }],
  ['strict, cover low, relay claims 24 bits', { mode: 'strict', cover: 'low', claimedBits: CLAIMED_BITS }],
]

for (const [name, run] of RUNS) {
  if (values.only !== undefined && values.only !== name) continue
  const village = await runVillage({ seed, nodes, hours, quietHours: hours / 3, ...run })
  const { result, report, said, delays, bytesADay } = village
  if (result.failure !== undefined) throw result.failure.error
  const median = delays[Math.floor(delays.length / 2)] ?? 0
  const worst = delays.at(-1) ?? 0
  stdout.write(
    `\n${name}: ${delays.length} of ${said} messages shown, median ${seconds(median)}, slowest ${seconds(worst)}; ` +
      `${(bytesADay / 1e6).toFixed(1)} MB a node and day\n`,
  )
  for (const { adversary, method, guesses } of report.attacks) {
    if (guesses === undefined) continue
    const { claimed, right, pairs } = guesses
    const chance = (claimed * pairs * 2) / (nodes * (nodes - 1))
    stdout.write(
      `  ${adversary}, ${method}: claims ${claimed}, right ${right}, of ${pairs}; by chance ${chance.toFixed(1)}\n`,
    )
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
