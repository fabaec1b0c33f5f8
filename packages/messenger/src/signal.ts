/** A wake-up: `fire` releases everyone who waits; firing with nobody waiting is remembered once. */

export interface Signal {
  fire(): void
  /** Resolves at the next fire, or at once if one was missed. Rejects when aborted. */
  wait(abort: AbortSignal): Promise<void>
}

export function createSignal(): Signal {
  let missed = false
  const waiting = new Set<() => void>()
  return {
    fire: () => {
      if (waiting.size === 0) missed = true
      for (const release of waiting) release()
      waiting.clear()
    },
    wait: (abort) =>
      new Promise((resolve, reject) => {
        if (abort.aborted) return reject(abort.reason)
        if (missed) {
          missed = false
          return resolve()
        }
        const stop = (): void => {
          waiting.delete(release)
          reject(abort.reason)
        }
        const release = (): void => {
          abort.removeEventListener('abort', stop)
          resolve()
        }
        waiting.add(release)
        abort.addEventListener('abort', stop, { once: true })
      }),
  }
}
