/**
 * One WebSocket connection: decodes messages, works through their requests within a budget, answers.
 *
 * Memory is bounded by one rule: a request starts only while the bytes of started requests, of their expected
 * answers and of what the peer has not read stay under the budget. While requests wait, nothing is read.
 */
import type { Socket } from 'node:net'
import { type Clock, isHyphaeError, type Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  decodeRequests,
  MAX_FETCH_BYTES,
  type Request,
  type UnknownRequest,
} from '@hyphae/transport-relay/wire'
import type { WebSocket } from 'ws'
import type { RelayEngine } from '../engine/engine.js'
import { MAX_QUEUED_BYTES, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import { createBucket } from './bucket.js'
import { createOutbox } from './outbox.js'
import { answer, createSession, endSession, failure } from './session.js'
import type { TrafficLog } from './traffic.js'
import type { WatchRegistry } from './watch.js'

export interface ServerContext {
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
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
  /** Refuses the peer: one last message, then a close. */
  end(code: number): void
}

type Incoming = Request | UnknownRequest

/** Fixed part of any request or answer: operation header and bookkeeping. */
const BASE_COST = 256

/** What a request and its answer may hold in memory until the peer has it. */
function cost(request: Incoming): number {
  switch (request.kind) {
    case 'put':
      return BASE_COST + request.frame.length
    case 'fetch':
      return BASE_COST + Math.min(MAX_FETCH_BYTES, request.limit * 4096)
    case 'blob-put':
    case 'blob-get':
      return BASE_COST + 4096
    case 'take':
      return BASE_COST + 8192
    case 'lookup':
      return BASE_COST + 8 * 8400
    case 'stock':
      return request.upload.items.reduce((sum, item) => sum + item.length, BASE_COST + 8192)
    default:
      return BASE_COST
  }
}

/** Bytes of a masked control frame around its payload. */
const CONTROL_HEADER_BYTES = 6

export function acceptConnection(
  ws: WebSocket,
  socket: Socket,
  host: string | undefined,
  context: ServerContext,
): Connection {
  const { limits, clock, engine, waiting } = context
  const outbox = createOutbox(ws, socket, context.traffic)
  const challenge = context.crypto.randomBytes(32)
  const blocked = (): boolean => outbox.waiting() >= limits.answerBytes
  const session = createSession({ ...context, challenge, host, push: outbox.push, blocked })
  const start = clock.now()
  const operations = createBucket(limits.operationsPerSecond, limits.operationsPerSecond, start)
  const bytes = createBucket(limits.bytesPerSecond, limits.bytesPerSecond, start)
  const control = createBucket(limits.controlPerSecond, limits.controlPerSecond, start)
  const closed = new AbortController()
  const idle: (() => void)[] = []
  let inbox: Incoming[] = []
  let next = 0
  let working = 0
  let started = 0
  let slowed = false
  let draining = false
  let accounted = 0
  let heard = start

  const read = (): void => {
    const stop = slowed || draining || next < inbox.length
    if (stop && !ws.isPaused) ws.pause()
    else if (!stop && ws.isPaused) ws.resume()
  }
  const finish = (weight: number): void => {
    working -= weight
    started -= 1
    if (started === 0) for (const done of idle.splice(0)) done()
    pump()
    if (waiting.size > 0 && engine.queuedBytes() < MAX_QUEUED_BYTES / 2) {
      const others = [...waiting]
      waiting.clear()
      for (const wake of others) wake()
    }
  }
  const begin = (request: Incoming): void => {
    const result = answer(session, request)
    if (!(result instanceof Promise)) {
      outbox.push(result)
      return
    }
    const weight = cost(request)
    working += weight
    started += 1
    result
      .then(outbox.push, () => outbox.push(failure(request.request, 'storage-failed', STORAGE_RETRY_MS)))
      .then(() => finish(weight))
  }
  const mayStart = (): boolean => {
    if (closed.signal.aborted || working + outbox.waiting() >= limits.answerBytes) return false
    if (engine.queuedBytes() < MAX_QUEUED_BYTES) return true
    waiting.add(pump)
    return false
  }
  const pump = (): void => {
    while (next < inbox.length && mayStart()) begin(inbox[next++] as Incoming)
    if (next === inbox.length && next > 0) {
      inbox = []
      next = 0
    }
    read()
  }
  const slow = (ms: number): void => {
    if (ms === 0 || slowed) return
    slowed = true
    clock
      .sleep(ms, closed.signal)
      .catch(() => {})
      .finally(() => {
        slowed = false
        read()
      })
  }
  const end = (code: number): void => {
    outbox.flush()
    ws.close(code)
    draining = true
  }
  const receive = (message: Uint8Array, binary: boolean): void => {
    const now = clock.now()
    heard = now
    accounted = socket.bytesRead
    if (draining) return
    context.traffic?.received(message)
    try {
      if (!binary) throw new TypeError('text message')
      const requests = decodeRequests(message)
      slow(Math.max(bytes.draw(message.length, now), operations.draw(requests.length, now)))
      if (inbox.length === 0) inbox = requests
      else inbox.push(...requests)
    } catch (error) {
      context.logger.debug('message refused', { code: isHyphaeError(error) ? error.code : 'text' })
      outbox.push(failure(0, 'malformed'))
      end(1002)
      return
    }
    pump()
  }
  const controlFrame = (payload: Uint8Array, ping: boolean): void => {
    heard = clock.now()
    accounted = Math.min(socket.bytesRead, accounted + CONTROL_HEADER_BYTES + payload.length)
    if (control.take(1, heard) > 0) ws.terminate()
    else if (ping && !blocked()) ws.pong(payload)
  }

  ws.on('message', (data, binary) => receive(data as Buffer, binary))
  ws.on('ping', (payload) => controlFrame(payload, true))
  ws.on('pong', (payload) => controlFrame(payload, false))
  // A broken peer is no news: 'close' follows.
  ws.on('error', () => {})
  ws.on('close', () => {
    closed.abort()
    waiting.delete(pump)
    inbox = []
    next = 0
    endSession(session)
  })
  socket.on('drain', () => {
    pump()
    for (const watch of session.watching.values()) watch.advance()
  })
  outbox.push({ kind: 'hello', request: 0, challenge })
  outbox.flush()
  return {
    socket,
    ws,
    unfinished: () => socket.bytesRead - accounted,
    paused: () => ws.isPaused,
    lastHeard: () => heard,
    drain: () => {
      draining = true
      inbox = inbox.slice(0, next)
      read()
      return started === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))
    },
    end,
  }
}
