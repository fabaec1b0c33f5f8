/** Being told that a signal has fired: one listener for each signal, however many wait, as a node waits with one for all. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls back once, when the signal fires, unless the result is called before. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {}
  const callbacks = waiting.get(signal) ?? begin(signal)
  const own = (): void => callback()
  callbacks.add(own)
  return () => callbacks.delete(own)
}

function begin(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  signal.addEventListener('abort', () => {
    for (const callback of [...callbacks]) callback()
    callbacks.clear()
  })
  return callbacks
}
