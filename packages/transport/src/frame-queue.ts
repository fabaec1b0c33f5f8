/**
 * Frames from all peers of a link, waiting for whoever reads. When too many wait, senders are held up; none is dropped.
 * A frame goes to one reader, and to a reader that waits without a detour: this stands in the way of every frame.
 */

/** A frame, and who sent it. */
export interface ReceivedFrame {
  readonly peer: string
  readonly frame: Uint8Array
}

export interface FrameQueue {
  /** False when enough are waiting: stop reading until `onRoom`. */
  push(received: ReceivedFrame): boolean
  readonly full: boolean
  /** Ends, without an error, with the signal, or when the queue has ended and is empty. */
  read(signal?: AbortSignal): AsyncIterableIterator<ReceivedFrame>
  end(): void
}

export interface FrameQueueOptions {
  /** Frames that may wait. */
  readonly most: number
  /** A full queue has been emptied. */
  readonly onRoom: () => void
}

type Result = IteratorResult<ReceivedFrame, undefined>

const DONE: Result = Object.freeze({ done: true, value: undefined })

/** A call of `next` that found nothing. */
interface Waiter {
  readonly reader: object
  readonly resolve: (result: Result) => void
}

interface State extends FrameQueueOptions {
  readonly waiting: ReceivedFrame[]
  /** The oldest first. */
  waiters: Waiter[]
  full: boolean
  ended: boolean
}

export function createFrameQueue(options: FrameQueueOptions): FrameQueue {
  const state: State = { ...options, waiting: [], waiters: [], full: false, ended: false }
  return {
    get full() {
      return state.full
    },
    push: (received) => {
      const waiter = state.waiters.shift()
      if (waiter !== undefined) waiter.resolve({ done: false, value: received })
      else state.waiting.push(received)
      state.full ||= state.waiting.length >= state.most
      return !state.full
    },
    read: (signal) => readerOf(state, signal),
    end: () => {
      state.ended = true
      dismiss(state, () => true)
    },
  }
}

function take(state: State): Result | undefined {
  const received = state.waiting.shift()
  if (state.full && state.waiting.length === 0) {
    state.full = false
    state.onRoom()
  }
  if (received !== undefined) return { done: false, value: received }
  return state.ended ? DONE : undefined
}

function dismiss(state: State, whom: (waiter: Waiter) => boolean): void {
  const leaving = state.waiters.filter(whom)
  state.waiters = state.waiters.filter((waiter) => !leaving.includes(waiter))
  for (const { resolve } of leaving) resolve(DONE)
}

function readerOf(state: State, signal: AbortSignal | undefined): AsyncIterableIterator<ReceivedFrame> {
  let over = false
  let listening = false
  const stop = (): void => {
    over = true
    signal?.removeEventListener('abort', stop)
    dismiss(state, (waiter) => waiter.reader === reader)
  }
  const wait = (resolve: Waiter['resolve']): void => {
    if (signal !== undefined && !listening) signal.addEventListener('abort', stop, { once: true })
    listening = true
    state.waiters.push({ reader, resolve })
  }
  const reader: AsyncIterableIterator<ReceivedFrame> = {
    next: () => {
      if (signal?.aborted) stop()
      const result = over ? DONE : take(state)
      return result === undefined ? new Promise(wait) : Promise.resolve(result)
    },
    return: () => {
      stop()
      return Promise.resolve(DONE)
    },
    [Symbol.asyncIterator]: () => reader,
  }
  return reader
}
