/** A signal that fires at the command's interruption or after a time. */
import type { Clock } from '@hyphae/core'

export interface Deadline {
  readonly signal: AbortSignal
  /** Stops the clock of it. */
  release(): void
}

export function deadline(clock: Clock, ms: number, interrupted?: AbortSignal): Deadline {
  const late = new AbortController()
  const over = new AbortController()
  clock.sleep(ms, over.signal).then(
    () => late.abort(),
    () => {},
  )
  const signal = interrupted === undefined ? late.signal : AbortSignal.any([late.signal, interrupted])
  return { signal, release: () => over.abort() }
}
