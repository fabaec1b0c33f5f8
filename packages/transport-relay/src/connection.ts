/**
 * One connection to a relay, from dialling to its end: numbers requests, opens boxes, matches answers.
 *
 * The relay is not trusted: an answer to no request, of the wrong kind or malformed ends the connection.
 * spec/relay.md sections 2 and 3.
 */
import { type BoxKey, type Clock, type Logger, toHex } from '@hyphae/core'
import { type Call, createCall, deferred, failureError, type PushTarget } from './call.js'
import type { RelayCarrierError } from './errors.js'
import { MAX_IN_FLIGHT, MAX_IN_FLIGHT_BYTES, MAX_OPERATIONS, TARGET_MESSAGE_BYTES } from './limits.js'
import type { OpenSocket, RelaySocket } from './socket.js'
import { malformed } from './wire/bytes.js'
import { failureName } from './wire/failure.js'
import { decodeReplies, encodeRequests, type Reply, type Request } from './wire/message.js'
import { openProof } from './wire/proof.js'

export interface ConnectionEvents {
  /** The relay has said hello: requests may be sent. */
  ready(): void
  /** Answers arrived: there may be room for more requests. */
  answered(): void
  /** Once. `unanswered` are in the order they were sent. */
  ended(unanswered: Call[]): void
}

export interface ConnectionOptions {
  readonly url: string
  readonly host: string
  readonly open: OpenSocket
  readonly clock: Clock
  readonly logger: Logger
  readonly events: ConnectionEvents
}

export interface Connection {
  readonly ready: boolean
  /** When anything arrived last. */
  readonly heardAt: number
  /** Requests that are not answered, in the order they were sent. */
  unanswered(): Iterable<Call>
  /** Sends from the front of the queue what the window allows, and removes it there. */
  send(queue: Call[]): void
  /** Pushes of this watch no longer have a target. */
  forget(watch: number): void
  end(): void
  /** Resolves when the socket is closed. */
  readonly gone: Promise<void>
}

interface State {
  readonly inFlight: Map<number, Call>
  readonly watches: Map<number, PushTarget>
  readonly opened: Set<string>
  /** Why the relay refused to open a box. */
  readonly refusals: Map<string, RelayCarrierError>
  challenge: Uint8Array | undefined
  bytes: number
  next: number
  heardAt: number
  ended: boolean
}

function answerCall(state: State, call: Call, reply: Reply): void {
  if (reply.kind !== 'failure') {
    call.settle(reply)
    return
  }
  const { box } = call.options
  state.watches.delete(reply.request)
  const refusal = box === undefined ? undefined : state.refusals.get(toHex(box.id))
  const notOpen = failureName(reply.code) === 'not-open'
  call.fail(notOpen && refusal !== undefined ? refusal : failureError(reply.code, reply.retryAfterMs))
}

const PUSHES: readonly Reply['kind'][] = ['pushed', 'bucket-pushed', 'wake', 'heard']

function isPush({ kind }: Reply): boolean {
  return PUSHES.includes(kind)
}

function handle(state: State, reply: Reply, ready: () => void): void {
  if (reply.kind === 'hello') {
    if (state.challenge !== undefined || reply.request !== 0) throw malformed('unexpected-hello')
    state.challenge = reply.challenge.slice()
    ready()
    return
  }
  if (state.challenge === undefined) throw malformed('no-hello')
  const call = state.inFlight.get(reply.request)
  if (call !== undefined && !isPush(reply)) {
    // Before the call is forgotten: it has to be repeated elsewhere.
    if (reply.kind !== 'failure' && !call.expect.includes(reply.kind)) throw malformed('wrong-answer')
    state.inFlight.delete(reply.request)
    state.bytes -= call.bytes
    answerCall(state, call, reply)
    return
  }
  const watch = state.watches.get(reply.request)
  if (watch === undefined) throw malformed('unknown-request')
  if (reply.kind === watch.pushes) watch.pushed(reply)
  else if (reply.kind === 'failure') {
    state.watches.delete(reply.request)
    watch.refused(failureError(reply.code, reply.retryAfterMs))
  } else throw malformed('wrong-answer')
}

function number(state: State, call: Call, now: number): Request {
  const request = state.next
  state.next = state.next === 0xffff_ffff ? 1 : state.next + 1
  call.sentAt = now
  const { target } = call.options
  if (target !== undefined) {
    state.watches.set(request, target)
    target.numbered(request)
  }
  state.inFlight.set(request, call)
  state.bytes += call.bytes
  return { ...call.ask, request } as Request
}

/** The proof for a box that is not open on this connection yet. */
function openRequest(state: State, box: BoxKey, host: string, now: number): Request | undefined {
  const name = toHex(box.id)
  if (state.opened.has(name)) return undefined
  const signature = box.sign(openProof(state.challenge as Uint8Array, host, box.id))
  const ask = { kind: 'open', box: box.id, signature } as const
  const { call, result } = createCall(ask, ['ok'], { repeatable: false }, now)
  state.opened.add(name)
  state.refusals.delete(name)
  result.catch((error: RelayCarrierError) => {
    state.opened.delete(name)
    state.refusals.set(name, error)
  })
  return number(state, call, now)
}

/** The next message from the front of the queue; empty when the window is full. */
function nextMessage(state: State, queue: Call[], host: string, now: number): Request[] {
  const requests: Request[] = []
  let bytes = 0
  while (queue.length > 0 && requests.length + 2 <= MAX_OPERATIONS && bytes < TARGET_MESSAGE_BYTES) {
    const call = queue[0] as Call
    const full = state.bytes + call.bytes > MAX_IN_FLIGHT_BYTES || state.inFlight.size >= MAX_IN_FLIGHT
    if (full && state.inFlight.size > 0) break
    queue.shift()
    if (call.done) continue
    try {
      const { box } = call.options
      const open = box === undefined ? undefined : openRequest(state, box, host, now)
      if (open !== undefined) requests.push(open)
      requests.push(number(state, call, now))
      bytes += call.bytes
    } catch (error) {
      call.fail(error)
    }
  }
  return requests
}

function emptyState(now: number): State {
  return {
    inFlight: new Map(),
    watches: new Map(),
    opened: new Set(),
    refusals: new Map(),
    challenge: undefined,
    bytes: 0,
    next: 1,
    heardAt: now,
    ended: false,
  }
}

/** Dials at once. */
export function connect(options: ConnectionOptions): Connection {
  const { clock, events, host, logger } = options
  const state = emptyState(clock.now())
  let socket: RelaySocket | undefined
  const gone = deferred<void>()
  const end = (): void => {
    if (state.ended) return
    state.ended = true
    socket?.close()
    events.ended([...state.inFlight.values()])
  }
  const received = (message: Uint8Array | null): void => {
    if (state.ended) return
    state.heardAt = clock.now()
    try {
      if (message === null) throw malformed('text-message')
      for (const reply of decodeReplies(message)) handle(state, reply, events.ready)
    } catch (error) {
      logger.warn('relay broke the protocol', { code: (error as RelayCarrierError).code ?? 'unknown' })
      end()
      return
    }
    events.answered()
  }
  const send = (queue: Call[]): void => {
    while (!state.ended && state.challenge !== undefined) {
      const requests = nextMessage(state, queue, host, clock.now())
      if (requests.length === 0) return
      socket?.send(encodeRequests(requests))
    }
  }
  const closed = (): void => {
    gone.resolve()
    end()
  }
  socket = options.open(options.url, { received, closed })
  if (state.ended) socket.close()
  return {
    get ready() {
      return state.challenge !== undefined && !state.ended
    },
    get heardAt() {
      return state.heardAt
    },
    unanswered: () => state.inFlight.values(),
    send,
    forget: (watch) => {
      state.watches.delete(watch)
    },
    end,
    gone: gone.promise,
  }
}
