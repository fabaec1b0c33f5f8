/**
 * Keeps one connection while there is something to say: dials lazily, again after a loss, gives up requests
 * that wait too long. Watches keep it dialling for ever.
 *
 * Requests that were sent and not answered are sent again when repeating them is harmless.
 */
import type { Clock, Logger } from '@hyphae/core'
import { backoff, type Random } from './backoff.js'
import { type Ask, type Call, type CallOptions, createCall, type Deferred, deferred } from './call.js'
import { type Connection, connect } from './connection.js'
import { RelayCarrierError } from './errors.js'
import { CLOSE_TIMEOUT_MS, CONNECT_TIMEOUT_MS, KEEPALIVE_MS, MAX_TICK_MS } from './limits.js'
import type { OpenSocket } from './socket.js'
import type { Reply } from './wire/message.js'

export interface DialerOptions {
  readonly url: string
  readonly host: string
  readonly open: OpenSocket
  readonly clock: Clock
  readonly logger: Logger
  readonly random: Random
  readonly requestTimeoutMs: number
  readonly unreachableAfterMs: number
}

/** Told about connections, so that watches can be set up anew. */
export interface Follower {
  connected(): void
  disconnected(): void
}

export interface Dialer {
  call<K extends Reply['kind']>(
    ask: Ask,
    /** Kinds of answers that are none of failure. */
    expect: K | readonly K[],
    options: CallOptions,
  ): Promise<Extract<Reply, { kind: K }>>
  /** Rises with each connection and each loss: what one relay does not know, the next may. */
  readonly generation: number
  /** While there is a follower, the dialer keeps a connection or tries to. */
  follow(follower: Follower): void
  unfollow(follower: Follower): void
  readonly ready: boolean
  readonly closed: AbortSignal
  forget(watch: number): void
  close(): Promise<void>
}

interface State {
  readonly options: DialerOptions
  readonly followers: Set<Follower>
  readonly closing: AbortController
  queue: Call[]
  connection: Connection | undefined
  generation: number
  /** Settles when the connection has ended. */
  lost: Deferred<void>
  dialling: boolean
  scheduled: boolean
  ticking: boolean
}

function wanted(state: State): boolean {
  return !state.closing.signal.aborted && (state.followers.size > 0 || state.queue.length > 0)
}

function flush(state: State): void {
  state.scheduled = false
  state.connection?.send(state.queue)
}

/** At the end of the turn, so that everything asked for in it shares a message. */
function schedule(state: State): void {
  if (state.scheduled) return
  state.scheduled = true
  queueMicrotask(() => flush(state))
}

/** Requests that were under way go first again, or fail when they must not be repeated. */
function requeue(state: State, unanswered: readonly Call[]): void {
  const again: Call[] = []
  for (const call of unanswered) {
    if (call.done) continue
    if (call.options.repeatable) again.push(call)
    else call.fail(new RelayCarrierError('relay-carrier/interrupted'))
  }
  state.queue = [...again, ...state.queue]
}

/** One attempt; resolves true once the relay has said hello. */
function attempt(state: State): Promise<boolean> {
  const { clock, url, host, open, logger } = state.options
  const outcome = deferred<boolean>()
  const settled = new AbortController()
  const lost = deferred<void>()
  state.lost = lost
  const ended = (unanswered: readonly Call[]): void => {
    state.connection = undefined
    state.generation += 1
    requeue(state, unanswered)
    for (const follower of [...state.followers]) follower.disconnected()
    outcome.resolve(false)
    lost.resolve()
  }
  const ready = (): void => {
    state.generation += 1
    for (const follower of [...state.followers]) follower.connected()
    outcome.resolve(true)
    schedule(state)
  }
  try {
    const events = { ready, ended, answered: () => schedule(state) }
    state.connection = connect({ url, host, open, clock, logger, events })
  } catch (error) {
    logger.warn('relay socket failed', { error: error instanceof Error ? error.name : 'unknown' })
    ended([])
  }
  clock.sleep(CONNECT_TIMEOUT_MS, settled.signal).then(
    () => {
      if (state.connection?.ready === false) state.connection.end()
    },
    () => {},
  )
  return outcome.promise.finally(() => settled.abort())
}

/** Asks a silent connection for a sign of life; the deadline of that request ends a dead one. */
async function keepAlive(state: State, connection: Connection, stop: AbortSignal): Promise<void> {
  const { clock } = state.options
  while (!stop.aborted) {
    await clock.sleep(KEEPALIVE_MS, stop).catch(() => {})
    if (stop.aborted || clock.now() - connection.heardAt < KEEPALIVE_MS) continue
    issue(state, { kind: 'ping' }, 'ok', { repeatable: false }).catch(() => {})
  }
}

async function dial(state: State): Promise<void> {
  const { clock, random } = state.options
  let failures = 0
  while (wanted(state)) {
    if (await attempt(state)) {
      failures = 0
      const stop = new AbortController()
      if (state.connection !== undefined) void keepAlive(state, state.connection, stop.signal)
      await state.lost.promise
      stop.abort()
    }
    if (!wanted(state)) break
    failures += 1
    await clock.sleep(backoff(failures, random), state.closing.signal).catch(() => {})
  }
}

function ensureDialling(state: State): void {
  if (state.dialling || !wanted(state)) return
  state.dialling = true
  dial(state).finally(() => {
    state.dialling = false
    // Something may have been asked between the last look and here.
    ensureDialling(state)
  })
}

function expireQueued(state: State, now: number): void {
  if (state.connection?.ready === true) return
  for (const call of state.queue) {
    if (now - call.issuedAt >= state.options.unreachableAfterMs)
      call.fail(new RelayCarrierError('relay-carrier/unreachable', { details: { relay: state.options.url } }))
  }
}

function expireSent(state: State, now: number): void {
  const { connection } = state
  const { requestTimeoutMs } = state.options
  if (connection === undefined) return
  let dead = false
  for (const call of connection.unanswered()) {
    if (now - call.sentAt < requestTimeoutMs) break
    // Nothing at all since then: the connection is dead, and repeatable requests get another one.
    if (connection.heardAt <= call.sentAt) dead = true
    if (!dead || !call.options.repeatable || now - call.issuedAt >= 2 * requestTimeoutMs)
      call.fail(new RelayCarrierError('relay-carrier/timeout'))
  }
  if (dead) connection.end()
}

function outstanding(state: State): boolean {
  for (const call of state.connection?.unanswered() ?? []) if (!call.done) return true
  return state.queue.length > 0
}

/** Looks at the deadlines while there is a request. */
async function watchDeadlines(state: State): Promise<void> {
  const { clock, unreachableAfterMs, requestTimeoutMs } = state.options
  const tick = Math.max(10, Math.min(MAX_TICK_MS, unreachableAfterMs / 8, requestTimeoutMs / 8))
  while (!state.closing.signal.aborted && outstanding(state)) {
    await clock.sleep(tick, state.closing.signal).catch(() => {})
    const now = clock.now()
    expireQueued(state, now)
    expireSent(state, now)
    state.queue = state.queue.filter((call) => !call.done)
  }
  state.ticking = false
}

function issue<K extends Reply['kind']>(
  state: State,
  ask: Ask,
  expect: K | readonly K[],
  options: CallOptions,
): Promise<Extract<Reply, { kind: K }>> {
  if (state.closing.signal.aborted) return Promise.reject(new RelayCarrierError('relay-carrier/closed'))
  const { call, result } = createCall(
    ask,
    typeof expect === 'string' ? [expect] : expect,
    options,
    state.options.clock.now(),
  )
  if (!call.done) {
    state.queue.push(call)
    if (state.connection?.ready === true) schedule(state)
    else ensureDialling(state)
    if (!state.ticking) {
      state.ticking = true
      void watchDeadlines(state)
    }
  }
  return result as Promise<Extract<Reply, { kind: K }>>
}

async function shut(state: State): Promise<void> {
  const { clock } = state.options
  const { connection } = state
  const waiting = [...state.queue, ...(connection?.unanswered() ?? [])]
  state.queue = []
  state.closing.abort()
  for (const call of waiting) call.fail(new RelayCarrierError('relay-carrier/closed'))
  if (connection === undefined) return
  connection.end()
  const stop = new AbortController()
  await Promise.race([connection.gone, clock.sleep(CLOSE_TIMEOUT_MS, stop.signal).catch(() => {})])
  stop.abort()
}

export function createDialer(options: DialerOptions): Dialer {
  const state: State = {
    options,
    followers: new Set(),
    closing: new AbortController(),
    queue: [],
    connection: undefined,
    generation: 0,
    lost: deferred(),
    dialling: false,
    scheduled: false,
    ticking: false,
  }
  let closed: Promise<void> | undefined
  return {
    call: (ask, expect, callOptions) => issue(state, ask, expect, callOptions),
    follow: (follower) => {
      state.followers.add(follower)
      ensureDialling(state)
    },
    unfollow: (follower) => {
      state.followers.delete(follower)
    },
    get ready() {
      return state.connection?.ready === true
    },
    get generation() {
      return state.generation
    },
    closed: state.closing.signal,
    forget: (watch) => state.connection?.forget(watch),
    close: () => {
      closed ??= shut(state)
      return closed
    },
  }
}
