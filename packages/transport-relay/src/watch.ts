/**
 * A watch as an async iterable: what waits in a box and what comes, over as many connections as it takes.
 *
 * The relay pushes at most WATCH_WINDOW frames ahead of the consumer. On each new connection the watch starts
 * again at the oldest frame that is not acknowledged, so what was buffered is dropped: it comes again, in order.
 */
import type { BoxKey, Clock, Delivery } from '@hyphae/core'
import { isHyphaeError } from '@hyphae/core'
import { onAbort } from './abort.js'
import type { Acks } from './acks.js'
import type { PushTarget } from './call.js'
import type { Dialer, Follower } from './dialer.js'
import { MIN_BACKOFF_MS, WATCH_WINDOW } from './limits.js'
import type { StoredFrame } from './wire/replies.js'

export interface WatchContext {
  readonly dialer: Dialer
  readonly acks: Acks
  readonly clock: Clock
}

interface State {
  readonly context: WatchContext
  readonly box: BoxKey
  /** Counts subscriptions, so that what an old one is told changes nothing. */
  generation: number
  /** The watch's number on this connection; 0 before it is known. */
  number: () => number
  buffer: StoredFrame[]
  /** Taken since the last credit. */
  taken: number
  ended: boolean
  readonly stopped: AbortController
  error: unknown
  wake: () => void
}

function consumed(state: State): void {
  state.taken += 1
  const watch = state.number()
  if (state.taken < WATCH_WINDOW / 2 || watch === 0) return
  const { dialer } = state.context
  dialer.call({ kind: 'credit', watch, count: state.taken }, 'ok', { repeatable: false }).catch(() => {})
  state.taken = 0
}

function finish(state: State, error?: unknown): void {
  state.ended = true
  state.error = error
  state.stopped.abort()
  state.wake()
}

function reset(state: State): void {
  state.generation += 1
  state.number = () => 0
  state.buffer = []
  state.taken = 0
}

/** Tries again what may succeed later; anything else ends the watch. */
function refused(state: State, generation: number, error: unknown): void {
  if (state.generation !== generation || state.ended || state.context.dialer.closed.aborted) return
  if (!isHyphaeError(error) || !error.retryable) {
    finish(state, error)
    return
  }
  reset(state)
  const again = state.generation
  const pause = error.retryAfterMs ?? MIN_BACKOFF_MS
  state.context.clock.sleep(pause, state.stopped.signal).then(
    () => {
      if (state.generation === again) subscribe(state)
    },
    () => {},
  )
}

function subscribe(state: State): void {
  const { dialer, acks } = state.context
  reset(state)
  if (state.ended || !dialer.ready) return
  const generation = state.generation
  const current = (): boolean => state.generation === generation && !state.ended
  let number = 0
  const target: PushTarget = {
    pushed: (stored) => {
      if (!current()) return
      if (stored.cursor <= acks.pending(state.box)) consumed(state)
      else {
        state.buffer.push(stored)
        state.wake()
      }
    },
    refused: (error) => refused(state, generation, error),
    numbered: (request) => {
      number = request
    },
  }
  state.number = () => number
  const ask = { kind: 'watch', box: state.box.id, window: WATCH_WINDOW } as const
  dialer
    .call(ask, 'ok', { box: state.box, repeatable: false, target })
    .catch((error: unknown) => refused(state, generation, error))
}

function unsubscribe(state: State): void {
  const { dialer } = state.context
  const watch = state.number()
  reset(state)
  if (watch === 0 || !dialer.ready) return
  dialer
    .call({ kind: 'unwatch', watch }, 'ok', { repeatable: false })
    .catch(() => {})
    .finally(() => dialer.forget(watch))
}

/** `return()` ends it also while a `next()` is waiting, which a bare generator would not. */
export function watchBox(
  context: WatchContext,
  box: BoxKey,
  signal: AbortSignal | undefined,
): AsyncIterable<Delivery> {
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController()
      const ends = [context.dialer.closed, left.signal, ...(signal === undefined ? [] : [signal])]
      const deliveries = deliver(context, box, ends)
      return {
        next: () => deliveries.next(),
        return: () => {
          left.abort()
          return deliveries.return()
        },
      }
    },
  }
}

async function* deliver(
  context: WatchContext,
  box: BoxKey,
  ends: readonly AbortSignal[],
): AsyncGenerator<Delivery, void, void> {
  const { dialer, acks } = context
  const state: State = {
    context,
    box,
    generation: 0,
    number: () => 0,
    buffer: [],
    taken: 0,
    ended: false,
    stopped: new AbortController(),
    error: undefined,
    wake: () => {},
  }
  const follower: Follower = { connected: () => subscribe(state), disconnected: () => reset(state) }
  const stop = (): void => finish(state)
  if (ends.some((end) => end.aborted)) return
  const forgets = ends.map((end) => onAbort(end, stop))
  dialer.follow(follower)
  if (dialer.ready) subscribe(state)
  try {
    while (!state.ended) {
      const stored = state.buffer.shift()
      if (stored === undefined) {
        await new Promise<void>((resolve) => {
          state.wake = resolve
        })
        continue
      }
      consumed(state)
      const { cursor, frame } = stored
      yield { cursor, frame, ack: () => acks.acknowledge(box, cursor) }
    }
    if (state.error !== undefined) throw state.error
  } finally {
    stop()
    for (const forget of forgets) forget()
    dialer.unfollow(follower)
    unsubscribe(state)
  }
}
