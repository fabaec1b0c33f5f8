/** A wake-up for one waiter: firing with nobody waiting is remembered once. */

export interface Signal {
  fire(): void
  /** Resolves at the next fire, at once if one was missed, or when `until` fires. */
  wait(until: AbortSignal): Promise<void>
}

export function createSignal(): Signal {
  let missed = false
  let release: (() => void) | undefined
  return {
    fire: () => {
      if (release === undefined) missed = true
      else release()
    },
    wait: (until) =>
      new Promise((resolve) => {
        if (missed || until.aborted) {
          missed = false
          resolve()
          return
        }
        release = () => {
          release = undefined
          until.removeEventListener('abort', done)
          resolve()
        }
        const done = (): void => release?.()
        until.addEventListener('abort', done, { once: true })
      }),
  }
}
