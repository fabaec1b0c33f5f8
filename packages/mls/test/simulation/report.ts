// What is printed when a schedule has failed: its seed and how to run it again, what it is about once everything that
// it does not need is left out, and what happened last.
import { shrinkPlan, simulationReport } from '@hyphae/testkit'
import { type Plan, planLines } from './plan.js'
import { type Outcome, runPlan } from './world.js'

const replay = (seed: number): string => `npm run soak -- mls -- --seed ${seed}`

/** Runs spent on leaving things out: each is a whole schedule. */
const SHRINK_RUNS = 40

type Part = { readonly kind: 'action' | 'fault'; readonly index: number }

function only(plan: Plan, parts: readonly Part[]): Plan {
  const kept = (kind: Part['kind']): Set<number> =>
    new Set(parts.flatMap((part) => (part.kind === kind ? [part.index] : [])))
  const [actions, faults] = [kept('action'), kept('fault')]
  return {
    ...plan,
    actions: plan.actions.filter((_, index) => actions.has(index)),
    faults: plan.faults.filter((_, index) => faults.has(index)),
  }
}

/** The same seed with fewer deeds and faults that still fails, and what fails then. */
export async function smaller({ plan }: Outcome): Promise<Outcome> {
  const parts = [
    ...plan.actions.map((_, index): Part => ({ kind: 'action', index })),
    ...plan.faults.map((_, index): Part => ({ kind: 'fault', index })),
  ]
  const fails = async (left: readonly Part[]): Promise<boolean> =>
    (await runPlan(only(plan, left))).violation !== undefined
  return runPlan(only(plan, await shrinkPlan(parts, fails, SHRINK_RUNS)))
}

export function outcomeText({ plan, result, violation }: Outcome): string {
  if (violation === undefined) return simulationReport(result)
  const failure = result.failure ?? {
    actor: 'the group',
    what: 'does not keep its promises',
    error: violation,
    at: result.virtualMs,
  }
  const text = simulationReport({ ...result, failure }, { replay, faults: plan.faults })
  return `${text}the schedule:\n${planLines(plan).join('\n')}\n`
}
