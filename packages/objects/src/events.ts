/** What happens to objects, told as it happens. The state they speak of can be asked at any time. */
import type { ObjectHash } from './hash.js'
import { MAX_WAITING_EVENTS } from './limits.js'
import type { Description } from './object.js'
import type { DropReason } from './shelf.js'

export type ObjectEvent =
  /** An object was heard of. */
  | { readonly type: 'described'; readonly description: Description; readonly from: string }
  /** Its payload is here and verified. */
  | { readonly type: 'complete'; readonly description: Description }
  | { readonly type: 'dropped'; readonly hash: ObjectHash; readonly reason: DropReason }
  /** A neighbour sent what was refused, with the code of the refusal. Nothing changed by it. */
  | { readonly type: 'refused'; readonly from: string; readonly code: string }
  /** The store failed: what arrived was not taken, and is asked for again. */
  | { readonly type: 'store-failed'; readonly code: string }

export interface EventHub {
  emit(event: ObjectEvent): void
  /** Calls `read` at once with every event, until what it returns is called. */
  listen(read: (event: ObjectEvent) => void): () => void
  /** Every event from now on, until the signal fires. */
  subscribe(signal: AbortSignal): AsyncGenerator<ObjectEvent, void, undefined>
}

export function createEventHub(): EventHub {
  const readers = new Set<(event: ObjectEvent) => void>()
  const listen = (read: (event: ObjectEvent) => void): (() => void) => {
    readers.add(read)
    return () => void readers.delete(read)
  }
  return {
    emit: (event) => {
      for (const read of [...readers]) read(event)
    },
    listen,
    subscribe: (signal) => {
      const waiting: ObjectEvent[] = []
      let wake = (): void => {}
      const stop = listen((event) => {
        if (waiting.length >= MAX_WAITING_EVENTS) waiting.shift()
        waiting.push(event)
        wake()
      })
      return drain(waiting, signal, stop, (next) => {
        wake = next
      })
    },
  }
}

async function* drain(
  waiting: ObjectEvent[],
  signal: AbortSignal,
  stop: () => void,
  onWake: (wake: () => void) => void,
): AsyncGenerator<ObjectEvent, void, undefined> {
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  try {
    while (!signal.aborted) {
      const event = waiting.shift()
      if (event !== undefined) yield event
      else await Promise.race([ended, new Promise<void>(onWake)])
    }
  } finally {
    stop()
  }
}
