/** A clock that stands still until it is advanced, so that hours of retries pass in a test's milliseconds. */
import { type Clock, CoreError } from '@hyphae/core'
import { SETTLE_TURNS } from './limits.js'

export interface VirtualClock extends Clock {
  /** Lets `ms` pass: wakes sleepers in order of their time, and lets promises run between them. */
  advance(ms: number): Promise<void>
  /** How many are asleep. */
  sleeping(): number
}

interface Sleeper {
  readonly at: number
  wake(): void
}

/** Starts at `start`, milliseconds since 1970-01-01 UTC. */
export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  let time = start
  let sleepers: Sleeper[] = []

  const remove = (sleeper: Sleeper): void => {
    sleepers = sleepers.filter((other) => other !== sleeper)
  }
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        remove(sleeper)
        reject(new CoreError('core/aborted', { cause: signal?.reason }))
      }
      const wake = (): void => {
        remove(sleeper)
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper: Sleeper = { at: time + Math.max(0, ms), wake }
      if (signal?.aborted) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      sleepers.push(sleeper)
    })
  const advance = async (ms: number): Promise<void> => {
    const end = time + ms
    await settle()
    for (let next = earliest(sleepers, end); next !== undefined; next = earliest(sleepers, end)) {
      time = Math.max(time, next.at)
      next.wake()
      await settle()
    }
    time = end
  }

  return { now: () => time, sleep, advance, sleeping: () => sleepers.length }
}

/** The first to wake at or before `end`; of two at the same time, the one that lay down first. */
function earliest(sleepers: readonly Sleeper[], end: number): Sleeper | undefined {
  let first: Sleeper | undefined
  for (const sleeper of sleepers)
    if (sleeper.at <= end && (first === undefined || sleeper.at < first.at)) first = sleeper
  return first
}

/** Whole turns of the event loop, not only microtasks: stores and sockets answer through it. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
}
