/** Many waiting for one AbortSignal through a single listener: a thousand requests may share a signal. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  const fire = (): void => {
    for (const callback of [...callbacks]) callback()
  }
  signal.addEventListener('abort', fire, { once: true })
  return callbacks
}

/** Calls back once when the signal fires; the result takes the callback out again. Not for a fired signal. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listen(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
  }
}
