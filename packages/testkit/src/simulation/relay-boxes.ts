/** All mailboxes of a simulated relay, and who waits for news of which. */
import { toHex } from '@hyphae/core'
import { type RelayBox, relayBox } from './relay-box.js'

/** A frame where it lies among those of all boxes. */
export interface LoggedFrame {
  readonly cursor: number
  readonly box: Uint8Array
  readonly frame: Uint8Array
}

export interface RelayBoxes {
  at(id: Uint8Array): RelayBox
  /** Everything that was shown in any box, in order; what was acknowledged stays in it. */
  readonly log: readonly LoggedFrame[]
  all(): Iterable<RelayBox>
  /** Calls `wake` whenever something new is shown in the box, until what it returns is called. */
  onNews(id: Uint8Array, wake: () => void): () => void
  /** Nobody waits any more. */
  forgetWaiters(): void
}

export function relayBoxes(): RelayBoxes {
  const boxes = new Map<string, RelayBox>()
  const waiters = new Map<string, Set<() => void>>()
  const log: LoggedFrame[] = []
  return {
    at: (id) => {
      const key = toHex(id)
      const known = boxes.get(key)
      if (known !== undefined) return known
      const box = id.slice()
      const made = relayBox((frame) => {
        log.push({ cursor: log.length + 1, box, frame })
        for (const wake of [...(waiters.get(key) ?? [])]) wake()
      })
      boxes.set(key, made)
      return made
    },
    log,
    all: () => boxes.values(),
    onNews: (id, wake) => {
      const key = toHex(id)
      const group = waiters.get(key) ?? new Set()
      waiters.set(key, group.add(wake))
      return () => void group.delete(wake)
    },
    forgetWaiters: () => waiters.clear(),
  }
}
