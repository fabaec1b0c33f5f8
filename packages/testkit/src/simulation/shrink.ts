/** Makes a failing plan smaller: leaves out halves, quarters and at last single items while it still fails. */
import { MAX_SHRINK_RUNS } from '../limits.js'

/** A plan that still fails and none of whose items can be left out, or what is left when the runs are used up. */
export async function shrinkPlan<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  maxRuns: number = MAX_SHRINK_RUNS,
): Promise<readonly T[]> {
  let left = items
  let runs = 0
  for (let size = Math.ceil(left.length / 2); size >= 1; ) {
    let smaller = false
    for (let start = 0; start < left.length && runs < maxRuns; ) {
      const without = [...left.slice(0, start), ...left.slice(start + size)]
      runs += 1
      if (await fails(without)) {
        left = without
        smaller = true
      } else start += size
    }
    if (runs >= maxRuns) return left
    if (size > 1) size = Math.ceil(size / 2)
    else if (!smaller) return left
  }
  return left
}
