/**
 * Virtual time: a heap of timers and a clock over them. Time moves only when somebody fires the next timer, so
 * an hour of retries costs as long as its events do. Knows nothing of promises: its user decides how long they
 * may run between two timers.
 */
import { type Clock, CoreError } from '@hyphae/core'

export interface Timer {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number
  /** Does nothing when it has fired. */
  cancel(): void
}

export interface Timeline {
  now(): number
  /** Calls `run` at `time`, or at the next chance when that has passed. Of two at one time, the first set. */
  at(time: number, run: () => void): Timer
  /** When the next timer is due; undefined when there is none. */
  next(): number | undefined
  /** Moves to the next timer and runs it; false when there is none. */
  fire(): boolean
  /** Moves to `time` without firing; never backwards. */
  moveTo(time: number): void
  /** How many timers wait. */
  pending(): number
}

interface Entry extends Timer {
  readonly order: number
  run: (() => void) | undefined
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  while (index > 0) {
    const above = (index - 1) >>> 1
    const parent = heap[above] as Entry
    if (!isBefore(entry, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = entry
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let index = 0
  for (let child = 1; child < heap.length; child = 2 * index + 1) {
    const right = heap[child + 1]
    if (right !== undefined && isBefore(right, heap[child] as Entry)) child += 1
    const smaller = heap[child] as Entry
    if (!isBefore(smaller, last)) break
    heap[index] = smaller
    index = child
  }
  heap[index] = last
  return first
}

/** Starts at `start`, milliseconds since 1970-01-01 UTC. */
export function timeline(start: number): Timeline {
  const heap: Entry[] = []
  let time = start
  let order = 0
  let waiting = 0

  /** Cancelled timers stay in the heap until they reach its top. */
  const top = (): Entry | undefined => {
    while (heap.length > 0 && heap[0]?.run === undefined) pop(heap)
    return heap[0]
  }
  const take = (entry: Entry): (() => void) | undefined => {
    const { run } = entry
    if (run !== undefined) waiting -= 1
    entry.run = undefined
    return run
  }
  return {
    now: () => time,
    at: (at, run) => {
      // Clocks show whole milliseconds; rounding up wakes nobody early.
      const entry: Entry = { at: Math.ceil(at), order, run, cancel: () => void take(entry) }
      order += 1
      waiting += 1
      push(heap, entry)
      return entry
    },
    next: () => top()?.at,
    fire: () => {
      const entry = top()
      if (entry === undefined) return false
      pop(heap)
      time = Math.max(time, entry.at)
      take(entry)?.()
      return true
    },
    moveTo: (to) => {
      time = Math.max(time, Math.ceil(to))
    },
    pending: () => waiting,
  }
}

/** `Clock.sleep` over timers that `set` starts. */
export function sleeper(set: (ms: number, run: () => void) => Timer): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new CoreError('core/aborted', { cause: signal.reason }))
        return
      }
      const abort = (): void => {
        timer.cancel()
        reject(new CoreError('core/aborted', { cause: signal?.reason }))
      }
      const timer = set(Math.max(0, ms), () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
}
