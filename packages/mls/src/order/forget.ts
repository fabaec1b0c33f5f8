/** Wiping the secrets of epochs that a log no longer keeps (spec/ordering.md section 9). */
import { forgetGroup } from '../forget.js'
import type { GroupLog } from './log.js'

/**
 * Zeroes what `before` held and `after` does not need. Call it once `after` is stored; `before` is unusable then.
 * @throws MlsError `mls/foreign-state`
 */
export function forgetPast(before: GroupLog, after: GroupLog): void {
  const kept = [...after.nodes.values()].map(({ state }) => state)
  const inUse = new Set(kept)
  for (const { state } of before.nodes.values()) if (!inUse.has(state)) forgetGroup(state, kept)
}
