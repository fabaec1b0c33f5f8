/** Waiting between tries: doubled up to a cap, with jitter so that many nodes do not return at once. */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { RETRY_CAP_MS, RETRY_FIRST_MS } from './limits.js'

export interface Backoff {
  /** Waits; longer each time. Rejects when the signal fires. */
  wait(signal: AbortSignal): Promise<void>
  /** Back to the first wait, after a success. */
  reset(): void
}

export function backoff(clock: Clock, crypto: CryptoProvider): Backoff {
  let next = RETRY_FIRST_MS
  return {
    wait: (signal) => {
      const jitter = 0.5 + (crypto.randomBytes(1)[0] as number) / 510
      const delay = Math.round(next * jitter)
      next = Math.min(next * 2, RETRY_CAP_MS)
      return clock.sleep(delay, signal)
    },
    reset: () => {
      next = RETRY_FIRST_MS
    },
  }
}
