/** A clock that stands still until it is advanced, so that hours of retries pass in a test's milliseconds. */
import type { Clock } from '@hyphae/core'
import { SETTLE_TURNS } from './limits.js'
import { sleeper, timeline } from './timeline.js'

export interface VirtualClock extends Clock {
  /** Lets `ms` pass: wakes sleepers in order of their time, and lets promises run between them. */
  advance(ms: number): Promise<void>
  /** How many are asleep. */
  sleeping(): number
}

/** Starts at `start`, milliseconds since 1970-01-01 UTC. */
export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  const time = timeline(start)
  return {
    now: time.now,
    sleep: sleeper((ms, run) => time.at(time.now() + ms, run)),
    sleeping: time.pending,
    advance: async (ms) => {
      const end = time.now() + ms
      await settle()
      for (let next = time.next(); next !== undefined && next <= end; next = time.next()) {
        time.fire()
        await settle()
      }
      time.moveTo(end)
    },
  }
}

/** Whole turns of the event loop, not only microtasks: stores and sockets answer through it. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
}
