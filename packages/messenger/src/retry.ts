/** Waiting between tries: doubled up to a cap, with jitter so that many nodes do not return at once. */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { RETRY_CAP_MS, RETRY_FIRST_MS } from './limits.js'

/** How long to wait next. */
export interface Delays {
  /** Milliseconds; longer each time. */
  next(): number
  /** Back to the first, after a success. */
  reset(): void
}

export function delays(crypto: CryptoProvider): Delays {
  let longest = RETRY_FIRST_MS
  return {
    next: () => {
      const jitter = 0.5 + (crypto.randomBytes(1)[0] as number) / 510
      const delay = Math.round(longest * jitter)
      longest = Math.min(longest * 2, RETRY_CAP_MS)
      return delay
    },
    reset: () => {
      longest = RETRY_FIRST_MS
    },
  }
}

export interface Backoff {
  /** Waits; longer each time. Rejects when the signal fires. */
  wait(signal: AbortSignal): Promise<void>
  /** Back to the first wait, after a success. */
  reset(): void
}

export function backoff(clock: Clock, crypto: CryptoProvider): Backoff {
  const { next, reset } = delays(crypto)
  return { wait: (signal) => clock.sleep(next(), signal), reset }
}
