/**
 * Group commit over all logs of a relay: their records leave together, and the next ones when these are stored.
 * spec/relay-engines.md section 2.1.
 *
 * What comes while a round is on its way gathers for the next, so records grow with the load, and answers to one
 * connection come together. No timer decides how long to gather; one only keeps a slow log from holding up the others.
 */
import { ROUND_MS } from './limits.js'

export interface Rounds {
  /** Resolves when the next round begins; whoever waited calls `leave` when its record is stored. */
  enter(): Promise<void>
  leave(): void
}

export function createRounds(): Rounds {
  let waiting: (() => void)[] = []
  let onTheirWay = 0
  let begins = false
  let late: NodeJS.Timeout | undefined
  const begin = (): void => {
    clearTimeout(late)
    begins = false
    const entered = waiting
    waiting = []
    onTheirWay += entered.length
    for (const resolve of entered) resolve()
    late = setTimeout(hurry, ROUND_MS)
    late.unref()
  }
  /** After this turn of the event loop: what arrives in it belongs together, from whatever connection it comes. */
  const soon = (): void => {
    if (begins) return
    begins = true
    setImmediate(begin)
  }
  const hurry = (): void => {
    late = undefined
    if (waiting.length > 0) soon()
  }
  return {
    enter: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (onTheirWay === 0 || late === undefined) soon()
      }),
    leave: () => {
      onTheirWay -= 1
      if (onTheirWay === 0 && waiting.length > 0) soon()
    },
  }
}
