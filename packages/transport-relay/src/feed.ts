/**
 * What a relay pushes, as an async iterable, over as many connections as it takes.
 *
 * The relay pushes at most `window` things ahead of the consumer. On each new connection the feed is asked for anew,
 * so what was buffered is dropped: it comes again. Where nothing comes again (`window` 0), the oldest are dropped
 * when the consumer is slow.
 */
import { type BoxKey, type Clock, isHyphaeError } from '@hyphae/core'
import { onAbort } from './abort.js'
import type { Ask, PushKind, PushTarget } from './call.js'
import type { Dialer, Follower } from './dialer.js'
import { MAX_UNCREDITED, MIN_BACKOFF_MS } from './limits.js'
import type { Reply } from './wire/message.js'

export interface FeedContext {
  readonly dialer: Dialer
  readonly clock: Clock
}

export interface Feed<T, K extends PushKind = PushKind> {
  /** Must be open before it is asked for. */
  readonly box?: BoxKey
  readonly pushes: K
  /** Most that may wait for the consumer; 0: the relay wants no credit. */
  readonly window: number
  /** Called for each connection. */
  ask(): Ask | Promise<Ask>
  /** Undefined: nothing for the consumer. */
  take(reply: Extract<Reply, { kind: K }>): T | undefined
}

interface State<T> {
  readonly context: FeedContext
  readonly feed: Feed<T>
  /** Counts subscriptions, so that what an old one is told changes nothing. */
  generation: number
  /** The watch's number on this connection; 0 before it is known. */
  number: () => number
  buffer: T[]
  /** Taken since the last credit. */
  taken: number
  ended: boolean
  readonly stopped: AbortController
  error: unknown
  wake: () => void
}

function consumed<T>(state: State<T>): void {
  const { window } = state.feed
  if (window === 0) return
  state.taken += 1
  const watch = state.number()
  if (state.taken < window / 2 || watch === 0) return
  const { dialer } = state.context
  dialer.call({ kind: 'credit', watch, count: state.taken }, 'ok', { repeatable: false }).catch(() => {})
  state.taken = 0
}

function finish<T>(state: State<T>, error?: unknown): void {
  state.ended = true
  state.error = error
  state.stopped.abort()
  state.wake()
}

function reset<T>(state: State<T>): void {
  state.generation += 1
  state.number = () => 0
  if (state.feed.window > 0) state.buffer = []
  state.taken = 0
}

/** Tries again what may succeed later; anything else ends the feed. */
function refused<T>(state: State<T>, generation: number, error: unknown): void {
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

function pushed<T>(state: State<T>, reply: Reply): void {
  const taken = state.feed.take(reply as Extract<Reply, { kind: PushKind }>)
  if (taken === undefined) {
    consumed(state)
    return
  }
  state.buffer.push(taken)
  if (state.feed.window === 0 && state.buffer.length > MAX_UNCREDITED) state.buffer.shift()
  state.wake()
}

function send<T>(state: State<T>, generation: number, ask: Ask): void {
  if (state.generation !== generation || state.ended) return
  const { dialer } = state.context
  const { box, pushes } = state.feed
  let number = 0
  const target: PushTarget = {
    pushes,
    pushed: (reply) => {
      if (state.generation === generation && !state.ended) pushed(state, reply)
    },
    refused: (error) => refused(state, generation, error),
    numbered: (request) => {
      number = request
    },
  }
  state.number = () => number
  dialer
    .call(ask, 'ok', { ...(box === undefined ? {} : { box }), repeatable: false, target })
    .catch((error: unknown) => refused(state, generation, error))
}

function subscribe<T>(state: State<T>): void {
  reset(state)
  if (state.ended || !state.context.dialer.ready) return
  const { generation } = state
  const ask = state.feed.ask()
  if (!(ask instanceof Promise)) send(state, generation, ask)
  else
    ask.then(
      (later) => send(state, generation, later),
      (error: unknown) => refused(state, generation, error),
    )
}

function unsubscribe<T>(state: State<T>): void {
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
export function openFeed<T, K extends PushKind>(
  context: FeedContext,
  feed: Feed<T, K>,
  signal: AbortSignal | undefined,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController()
      const ends = [context.dialer.closed, left.signal, ...(signal === undefined ? [] : [signal])]
      const items = deliver(context, feed as unknown as Feed<T>, ends)
      return {
        next: () => items.next(),
        return: () => {
          left.abort()
          return items.return()
        },
      }
    },
  }
}

function start<T>(context: FeedContext, feed: Feed<T>): State<T> {
  return {
    context,
    feed,
    generation: 0,
    number: () => 0,
    buffer: [],
    taken: 0,
    ended: false,
    stopped: new AbortController(),
    error: undefined,
    wake: () => {},
  }
}

async function* deliver<T>(
  context: FeedContext,
  feed: Feed<T>,
  ends: readonly AbortSignal[],
): AsyncGenerator<T, void, void> {
  const { dialer } = context
  const state = start(context, feed)
  const follower: Follower = { connected: () => subscribe(state), disconnected: () => reset(state) }
  const stop = (): void => finish(state)
  if (ends.some((end) => end.aborted)) return
  const forgets = ends.map((end) => onAbort(end, stop))
  dialer.follow(follower)
  if (dialer.ready) subscribe(state)
  try {
    while (!state.ended) {
      const item = state.buffer.shift()
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          state.wake = resolve
        })
        continue
      }
      consumed(state)
      yield item
    }
    if (state.error !== undefined) throw state.error
  } finally {
    stop()
    for (const forget of forgets) forget()
    dialer.unfollow(follower)
    unsubscribe(state)
  }
}
