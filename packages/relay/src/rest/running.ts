/** Requests that are being answered: how many, and what ends those that wait. */
import type { ServerResponse } from 'node:http'

export interface Requests {
  /** Counts one until the result is called. */
  begin(): () => void
  readonly signal: AbortSignal
  drain(): Promise<void>
}

export function createRequests(): Requests {
  const closing = new AbortController()
  let running = 0
  let idle: (() => void) | undefined
  return {
    begin: () => {
      running += 1
      return () => {
        running -= 1
        if (running === 0) idle?.()
      }
    },
    signal: closing.signal,
    drain: async () => {
      closing.abort()
      if (running > 0) await new Promise<void>((resolve) => (idle = resolve))
    },
  }
}

/** Fires when the client goes away or the relay closes. */
export function goneSignal(outgoing: ServerResponse, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  const abort = (): void => gone.abort()
  closing.addEventListener('abort', abort, { once: true })
  outgoing.once('close', () => {
    closing.removeEventListener('abort', abort)
    abort()
  })
  return gone.signal
}
