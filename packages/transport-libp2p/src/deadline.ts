/** A signal that fires after some time, or with another one; `done` frees what it holds. */
import type { Clock } from '@hyphae/core'
import { setMaxListeners } from 'main-event'

export interface Deadline {
  readonly signal: AbortSignal
  done(): void
}

export function deadline(clock: Clock, ms: number, ...signals: (AbortSignal | undefined)[]): Deadline {
  const late = new AbortController()
  const done = new AbortController()
  clock.sleep(ms, done.signal, true).then(
    () => late.abort(),
    () => {},
  )
  const others = signals.filter((signal) => signal !== undefined)
  const signal = AbortSignal.any([late.signal, ...others])
  // A look-up listens to it once for each node that is asked.
  setMaxListeners(Number.POSITIVE_INFINITY, signal)
  return { signal, done: () => done.abort() }
}
