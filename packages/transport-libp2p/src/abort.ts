/** Waiting that a signal ends. */
import { CoreError } from '@hyphae/core'

export function aborted(signal: AbortSignal | undefined): CoreError {
  return new CoreError('core/aborted', { cause: signal?.reason })
}

/** @throws CoreError `core/aborted` when the signal fires first; what was begun goes on */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted(signal))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
