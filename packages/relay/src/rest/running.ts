/** Requests that are being answered: how many, and what ends those that wait. */
import type { ServerResponse } from 'node:http'

export interface Requests {
  /** Counts one until it is answered; the signal fires when its client goes away or the relay closes. */
  begin(outgoing: ServerResponse): AbortSignal
  readonly draining: () => boolean
  /** Ends what waits; resolves when all are answered. */
  drain(): Promise<void>
}

export function createRequests(): Requests {
  const running = new Set<AbortController>()
  let draining = false
  let idle = (): void => {}
  return {
    begin: (outgoing) => {
      const gone = new AbortController()
      running.add(gone)
      outgoing.once('close', () => {
        running.delete(gone)
        gone.abort()
        if (running.size === 0) idle()
      })
      return gone.signal
    },
    draining: () => draining,
    drain: async () => {
      draining = true
      for (const one of running) one.abort()
      if (running.size === 0) return
      await new Promise<void>((resolve) => {
        idle = resolve
      })
    },
  }
}
