/**
 * Reading that can be held up, for sockets that may not be able to: where they cannot, what comes meanwhile is kept, up
 * to a limit at which the connection ends.
 */
import { MAX_HELD_BYTES } from './limits.js'

interface Pausable {
  pause?(): void
  resume?(): void
}

export interface Holding {
  take(bytes: Uint8Array): void
  pause(): void
  resume(): void
}

export function createHolding(
  socket: Pausable,
  deliver: (bytes: Uint8Array) => void,
  overflow: () => void,
): Holding {
  const held: Uint8Array[] = []
  let bytesHeld = 0
  let paused = false
  return {
    take: (bytes) => {
      if (!paused) return deliver(bytes)
      held.push(bytes)
      bytesHeld += bytes.length
      if (bytesHeld > MAX_HELD_BYTES) overflow()
    },
    pause: () => {
      paused = true
      socket.pause?.()
    },
    resume: () => {
      paused = false
      while (!paused) {
        const next = held.shift()
        if (next === undefined) break
        bytesHeld -= next.length
        deliver(next)
      }
      if (!paused) socket.resume?.()
    },
  }
}
