/** All mailboxes of a simulated relay, and who waits for news of which. */
import { toHex } from '@hyphae/core'
import { type RelayBox, relayBox } from './relay-box.js'

export interface RelayBoxes {
  at(id: Uint8Array): RelayBox
  all(): Iterable<RelayBox>
  /** Calls `wake` whenever something new is shown in the box, until what it returns is called. */
  onNews(id: Uint8Array, wake: () => void): () => void
  /** Nobody waits any more. */
  forgetWaiters(): void
}

export function relayBoxes(): RelayBoxes {
  const boxes = new Map<string, RelayBox>()
  const waiters = new Map<string, Set<() => void>>()
  return {
    at: (id) => {
      const key = toHex(id)
      const known = boxes.get(key)
      if (known !== undefined) return known
      const made = relayBox(() => {
        for (const wake of [...(waiters.get(key) ?? [])]) wake()
      })
      boxes.set(key, made)
      return made
    },
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
