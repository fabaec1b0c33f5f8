/**
 * One turn of the event loop: every promise that can go on without outside help has gone on when it ends. A
 * simulated event is followed by one, so that events happen one at a time.
 */

interface Host {
  readonly setImmediate?: (run: () => void) => unknown
}

/** Schedules after all microtasks. Timers are too slow for this: they wait a millisecond or four. */
export function turns(): () => Promise<void> {
  const { setImmediate: later } = globalThis as Host
  if (later !== undefined)
    return () =>
      new Promise((resolve) => {
        later(resolve)
      })
  const channel = new MessageChannel()
  const waiting: (() => void)[] = []
  channel.port1.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      channel.port2.postMessage(null)
    })
}
