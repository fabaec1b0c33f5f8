/** Wakes everybody who waits for "something changed". Waiting costs one promise and leaves nothing behind. */

export interface Notifier {
  /** Resolves at the next `wake`, or when the signal fires. */
  wait(signal?: AbortSignal): Promise<void>
  wake(): void
}

export function createNotifier(): Notifier {
  const waiters = new Set<() => void>()
  return {
    wait: (signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          waiters.delete(done)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        if (signal?.aborted) {
          resolve()
          return
        }
        waiters.add(done)
        signal?.addEventListener('abort', done, { once: true })
      }),
    wake: () => {
      for (const waiter of [...waiters]) waiter()
    },
  }
}
