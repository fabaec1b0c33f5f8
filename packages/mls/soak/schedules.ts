// `npm run soak -- mls -- --schedules 10000 [--from 1]`: as many schedules of groups in turmoil (test/simulation/), or
// `--seed 42` for one. A seed that fails is printed with the least that it takes to fail.
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { planOf } from '../test/simulation/plan.js'
import { outcomeText, smaller } from '../test/simulation/report.js'
import { runPlan } from '../test/simulation/world.js'

const DEFAULT_SCHEDULES = 1000
/** How often the count is shown. */
const SHOWN_EVERY = 500

const { values } = parseArgs({
  args: argv.slice(2).filter((one) => one !== '--'),
  options: { schedules: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' } },
})

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a whole number: ${text}`)
  return value
}

const single = values.seed !== undefined
const first = wholeNumber(values.seed ?? values.from, 1)
const count = single ? 1 : wholeNumber(values.schedules, DEFAULT_SCHEDULES)
const failed: number[] = []

for (let seed = first; seed < first + count; seed++) {
  const outcome = await runPlan(planOf(seed))
  if (outcome.violation !== undefined) {
    failed.push(seed)
    stdout.write(outcomeText(await smaller(outcome)))
  } else if (single) stdout.write(outcomeText(outcome))
  const done = seed - first + 1
  if (done % SHOWN_EVERY === 0) stdout.write(`${done} schedules, ${failed.length} failed\n`)
}
stdout.write(
  `${count} schedules from seed ${first}, ${failed.length} failed: ${failed.join(' ') || 'none'}\n`,
)
process.exitCode = failed.length === 0 ? 0 : 1
