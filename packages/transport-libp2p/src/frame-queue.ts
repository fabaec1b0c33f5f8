/** Frames from all peers, waiting for whoever reads. When too many wait, streams are not read; none is dropped. */
import { MAX_WAITING_FRAMES } from './limits.js'

export interface Received {
  /** Device id of the sender. */
  readonly peer: string
  readonly frame: Uint8Array
}

export interface FrameQueue {
  /** False when enough are waiting: stop reading until `onRoom`. */
  push(received: Received): boolean
  readonly full: boolean
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
    get full() {
      return full
    },
    push: (received) => {
      waiting.push(received)
      full ||= waiting.length >= MAX_WAITING_FRAMES
      wake()
      return !full
    },
    read: async function* (signal) {
      while (!signal?.aborted && !ended) {
        const received = waiting.shift()
        if (received !== undefined) yield received
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
