/** The receiving half of a stream over datagrams: segments put in order, each once, at most a window of them held. */
import { SACKED_SEGMENTS } from '../limits.js'
import type { Report } from './packet.js'

export interface Receiving {
  /** `gap`: the sender should hear of it at once. */
  take(seq: number, bytes: Uint8Array): { readonly gap: boolean }
  report(): Report
  pause(): void
  /** True when the sender may have been held up and should hear that there is room. */
  resume(): boolean
}

/** `deliver` gets the bytes in order, never while paused; what it keeps it copies, for they may be a datagram's. */
export function createReceiving(window: number, deliver: (bytes: Uint8Array) => void): Receiving {
  const ahead = new Map<number, Uint8Array>()
  let held: Uint8Array[] = []
  let next = 0
  let paused = false
  const room = (): number => Math.max(0, window - held.length)
  const give = (bytes: Uint8Array): void => {
    if (paused) held.push(bytes.slice())
    else deliver(bytes)
  }
  return {
    take: (seq, bytes) => {
      const known = seq < next || ahead.has(seq)
      if (known || seq - next >= room()) return { gap: true }
      const filled = ahead.size > 0
      if (seq !== next) {
        ahead.set(seq, bytes.slice())
        return { gap: true }
      }
      next += 1
      give(bytes)
      for (let waiting = ahead.get(next); waiting !== undefined; waiting = ahead.get(next)) {
        ahead.delete(next)
        next += 1
        give(waiting)
      }
      return { gap: filled }
    },
    report: () => {
      let seen = 0
      for (let i = 0; i < SACKED_SEGMENTS; i++) if (ahead.has(next + 1 + i)) seen |= 1 << i
      return { next, seen: seen >>> 0, room: room() }
    },
    pause: () => {
      paused = true
    },
    resume: () => {
      const before = room()
      paused = false
      while (held.length > 0 && !paused) {
        const batch = held
        held = []
        for (const bytes of batch) give(bytes)
      }
      return room() > before
    },
  }
}
