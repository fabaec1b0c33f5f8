/** How long to wait before trying again: doubling, capped, and spread at random so that clients do not return together. */
import { FIRST_RETRY_MS, LAST_RETRY_MS } from './limits.js'

/** `attempt` counts from 0; `random` is uniform in [0, 1). Between half and all of the doubled wait. */
export function backoffMs(attempt: number, random: () => number): number {
  const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 16))
  return Math.round(longest / 2 + (longest / 2) * random())
}

/** Spreads retries; nothing secret hangs on it. */
export function systemRandom(): number {
  return (globalThis.crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32
}
