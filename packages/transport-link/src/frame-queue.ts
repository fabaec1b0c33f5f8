/** Frames from all peers, waiting for whoever reads. When too many wait, senders are held up; none is dropped. */
import { MAX_WAITING_FRAMES } from './limits.js'

export interface Received {
  readonly peer: string
  readonly frame: Uint8Array
}

export interface FrameQueue {
  /** False when enough are waiting: stop reading until `onRoom`. */
  push(received: Received): boolean
  read(signal?: AbortSignal): AsyncGenerator<Received, void, undefined>
  end(): void
}

/** `onRoom` is called when a full queue has been emptied. */
export function createFrameQueue(onRoom: () => void): FrameQueue {
  const waiting: Received[] = []
  const readers = new Set<() => void>()
  let full = false
  let ended = false
  const wake = (): void => {
    for (const reader of [...readers]) reader()
  }
  const next = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        readers.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      readers.add(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  return {
    push: (received) => {
      waiting.push(received)
      full ||= waiting.length >= MAX_WAITING_FRAMES
      wake()
      return !full
    },
    read: async function* (signal) {
      while (!signal?.aborted) {
        const received = waiting.shift()
        if (received !== undefined) yield received
        else if (ended) return
        else await next(signal)
        if (full && waiting.length === 0) {
          full = false
          onRoom()
        }
      }
    },
    end: () => {
      ended = true
      wake()
    },
  }
}
