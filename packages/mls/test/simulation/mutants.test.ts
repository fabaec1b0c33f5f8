// The simulation must notice mistakes: each mutant breaks a promise within some seeds. That the product itself keeps
// them for the same seeds is what schedules.test.ts shows.
import { describe, expect, it } from 'vitest'
import { MUTANTS, type Mutant } from './mutants.js'
import { withMutant } from './mutate.js'
import { planOf } from './plan.js'

/** Schedules that a mutant may survive. */
const SEEDS = 60
const ROUNDS = 8

/** What it broke; undefined when it was not noticed. */
async function killedBy(mutant: Mutant): Promise<string | undefined> {
  return withMutant(mutant, async ({ runPlan }) => {
    for (let seed = mutant.from; seed < mutant.from + SEEDS; seed++) {
      const { violation } = await runPlan(planOf(seed), { rounds: ROUNDS })
      if (violation !== undefined) return `seed ${seed}: ${violation}`
    }
    return undefined
  })
}

it('there are at least ten, each of another kind', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(10)
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
})

describe('mistakes that the simulation notices', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    async (_name, mutant) => {
      expect(await killedBy(mutant)).toBeDefined()
    },
    120_000,
  )
})
