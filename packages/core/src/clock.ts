/** Time as a port, so that protocol code runs unchanged on a virtual clock. */
import { CoreError } from './errors.js'

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. Never used to order messages. */
  now(): number
  /**
   * Resolves after `ms`; rejects with `core/aborted` when the signal fires first. A background sleep does not keep
   * the process alive, where the runtime can tell the difference.
   */
  sleep(ms: number, signal?: AbortSignal, background?: boolean): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal, background = false) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new CoreError('core/aborted', { cause: signal.reason }))
        return
      }
      const abort = (): void => {
        clearTimeout(timer)
        reject(new CoreError('core/aborted', { cause: signal?.reason }))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }, ms)
      if (background) unref(timer)
      signal?.addEventListener('abort', abort, { once: true })
    }),
}

/** Browsers return a number, which keeps nothing alive. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
