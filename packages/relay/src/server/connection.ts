/**
 * One WebSocket connection: decodes messages, hands on their requests, reads no faster than it may.
 *
 * Knows nothing of what requests mean. spec/relay.md sections 2 and 6.
 */
import type { Socket } from 'node:net'
import { type Clock, isHyphaeError, type Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { CHALLENGE_BYTES, decodeRequests } from '@hyphae/transport-relay/wire'
import type { WebSocket } from 'ws'
import type { RelayEngine } from '../engine/engine.js'
import type { RelayLimits } from '../limits.js'
import type { Services } from '../services.js'
import type { Admission } from './admission.js'
import type { Anonymity } from './anonymity.js'
import { type Bucket, createBucket } from './bucket.js'
import type { Exchange } from './exchange.js'
import { createOutbox, type Outbox } from './outbox.js'
import type { RecordCrowd } from './record-crowd.js'
import { createSession, endSession, failure, type Session } from './session.js'
import type { TrafficLog } from './traffic.js'
import type { WatchRegistry } from './watch.js'
import { createWork, type Work } from './work.js'
import type { WriteAdmission } from './writing.js'

export interface ServerContext {
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
  readonly exchange: Exchange
  readonly admission: Admission
  readonly writing: WriteAdmission
  readonly anonymity: Anonymity
  readonly crowd: RecordCrowd
  readonly services: Services
  readonly crypto: CryptoProvider
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly traffic: TrafficLog | undefined
  /** Connections that wait until the store's queue is shorter. */
  readonly waiting: Set<() => void>
}

export interface Connection {
  readonly socket: Socket
  readonly ws: WebSocket
  /** Bytes of a message that has not ended yet. */
  unfinished(): number
  /** True while the relay does not read, of its own accord. */
  paused(): boolean
  lastHeard(): number
  /** Stops reading; resolves when all started requests are answered. */
  drain(): Promise<void>
  /** Sends what is gathered, then closes. */
  end(code: number): void
}

interface State {
  readonly ws: WebSocket
  readonly socket: Socket
  readonly context: ServerContext
  readonly outbox: Outbox
  readonly session: Session
  readonly work: Work
  readonly rates: { readonly operations: Bucket; readonly bytes: Bucket; readonly control: Bucket }
  /** Waits until the connection's rate allows more; aborted when it closes. */
  slowed: AbortController | undefined
  ending: boolean
  /** Bytes of messages that have ended. */
  accounted: number
  heard: number
}

/** RFC 6455 section 7.4.1. */
const CLOSE_PROTOCOL_ERROR = 1002

/** Bytes of a masked control frame around its payload. */
const CONTROL_HEADER_BYTES = 6

/** Reads, or stops reading: TCP then slows the peer down. */
function steer({ ws, work, slowed, ending }: State): void {
  const stop = slowed !== undefined || ending || work.pending()
  if (stop && !ws.isPaused) ws.pause()
  else if (!stop && ws.isPaused) ws.resume()
}

function slowDown(state: State, ms: number): void {
  if (ms === 0 || state.slowed !== undefined || state.ending) return
  state.slowed = new AbortController()
  state.context.clock
    .sleep(ms, state.slowed.signal)
    .catch(() => {})
    .finally(() => {
      state.slowed = undefined
      steer(state)
    })
}

function end(state: State, code: number): void {
  state.ending = true
  state.outbox.flush()
  state.ws.close(code)
  // The peer's close frame still has to be read.
  if (state.ws.isPaused) state.ws.resume()
}

function refuseMessage(state: State, error: unknown): void {
  state.context.logger.debug('message refused', { code: isHyphaeError(error) ? error.code : 'text' })
  state.outbox.push(failure(0, 'malformed'))
  end(state, CLOSE_PROTOCOL_ERROR)
}

function receive(state: State, message: Uint8Array, binary: boolean): void {
  const { context, socket, rates } = state
  const now = context.clock.now()
  state.heard = now
  state.accounted = socket.bytesRead
  if (state.ending) return
  context.traffic?.received(message)
  if (!binary) {
    refuseMessage(state, undefined)
    return
  }
  slowDown(state, rates.bytes.draw(message.length, now))
  state.work.add(message)
}

/** The requests of a message; none when it is not one, or came too late. */
function decode(state: State, message: Uint8Array): ReturnType<typeof decodeRequests> {
  if (state.ending) return []
  try {
    const requests = decodeRequests(message)
    slowDown(state, state.rates.operations.draw(requests.length, state.context.clock.now()))
    return requests
  } catch (error) {
    refuseMessage(state, error)
    return []
  }
}

function controlFrame(state: State, payload: Uint8Array, ping: boolean): void {
  const { context, socket, session, ws } = state
  state.heard = context.clock.now()
  state.accounted = Math.min(socket.bytesRead, state.accounted + CONTROL_HEADER_BYTES + payload.length)
  if (state.rates.control.take(1, state.heard) > 0) ws.terminate()
  else if (ping && !session.context.blocked()) ws.pong(payload)
}

function listen(state: State): void {
  const { ws, socket, session, work } = state
  ws.on('message', (data, binary) => receive(state, data as Buffer, binary))
  ws.on('ping', (payload) => controlFrame(state, payload, true))
  ws.on('pong', (payload) => controlFrame(state, payload, false))
  // A broken peer is no news: 'close' follows.
  ws.on('error', () => {})
  ws.on('close', () => {
    state.slowed?.abort()
    state.ending = true
    void work.stop()
    endSession(session)
  })
  socket.on('drain', () => {
    work.pump()
    for (const watch of session.watching.values()) watch.advance()
  })
}

function bucketsOf({ limits, clock }: ServerContext): State['rates'] {
  const perSecond = (rate: number): Bucket => createBucket(rate, rate, clock.now())
  return {
    operations: perSecond(limits.operationsPerSecond),
    bytes: perSecond(limits.bytesPerSecond),
    control: perSecond(limits.controlPerSecond),
  }
}

/** `host` is the relay's name under which the peer dialled; undefined when it is none of the relay's. */
export function acceptConnection(
  ws: WebSocket,
  socket: Socket,
  host: string | undefined,
  context: ServerContext,
): Connection {
  const outbox = createOutbox(ws, socket, context.traffic)
  const challenge = context.crypto.randomBytes(CHALLENGE_BYTES)
  const blocked = (): boolean => outbox.waiting() >= context.limits.answerBytes
  const session = createSession({ ...context, challenge, host, push: outbox.push, blocked })
  const work = createWork({
    ...context,
    outbox,
    session,
    decode: (message) => decode(state, message),
    changed: () => steer(state),
  })
  const state: State = {
    ws,
    socket,
    context,
    outbox,
    session,
    work,
    rates: bucketsOf(context),
    slowed: undefined,
    ending: false,
    accounted: socket.bytesRead,
    heard: context.clock.now(),
  }
  listen(state)
  outbox.push({ kind: 'hello', request: 0, challenge })
  outbox.flush()
  return {
    socket,
    ws,
    unfinished: () => socket.bytesRead - state.accounted,
    paused: () => ws.isPaused,
    lastHeard: () => state.heard,
    drain: () => {
      state.ending = true
      steer(state)
      return work.stop()
    },
    end: (code) => end(state, code),
  }
}
