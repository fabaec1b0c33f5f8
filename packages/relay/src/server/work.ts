/**
 * The requests of one connection: started in order, while memory allows, each answered once.
 *
 * One rule bounds memory: a request starts only while the bytes of started requests, of their expected answers
 * and of what the peer has not read stay under the budget. spec/relay.md section 6.
 */
import {
  HOP_SIZES,
  MAX_FETCH_BYTES,
  MAX_LOG_ENTRY_BYTES,
  MAX_LOG_PAGE_BYTES,
  MAX_RECORD_PAGE_BYTES,
  type Reply,
  type Request,
  type UnknownRequest,
} from '@hyphae/transport-relay/wire'
import type { RelayEngine } from '../engine/engine.js'
import { MAX_QUEUED_BYTES, type RelayLimits, STORAGE_RETRY_MS } from '../limits.js'
import { answer } from './answer.js'
import type { Outbox } from './outbox.js'
import { failure, type Session } from './session.js'

type Incoming = Request | UnknownRequest

export interface WorkContext {
  readonly engine: RelayEngine
  readonly limits: RelayLimits
  readonly outbox: Outbox
  readonly session: Session
  /** Those who wait, over all connections, until the store's queue is shorter. */
  readonly waiting: Set<() => void>
  /** Requests of a message, whose turn has come; none when it is refused. */
  decode(message: Uint8Array): Incoming[]
  /** Called when `pending` may have changed. */
  changed(): void
}

export interface Work {
  /** Decoded when its first request may start: a message holds little memory, its requests hold much. */
  add(message: Uint8Array): void
  /** Requests wait to be started: nothing more should be read. */
  pending(): boolean
  /** Starts what may start now. */
  pump(): void
  /** Drops what was not started; resolves when all that was is answered. */
  stop(): Promise<void>
}

const NONE: Incoming[] = []

/** Fixed part of any request or answer: operation header and bookkeeping. */
const BASE_COST = 256
const RECORDS_COST = 8 * 8400
const ITEM_COST = 8192
const BLOB_COST = 4096
const FRAME_COST = 4096

/** What a request and its answer may hold in memory until the peer has it. */
function cost(request: Incoming): number {
  switch (request.kind) {
    case 'put':
    case 'deposit':
      return BASE_COST + request.frame.length
    case 'log-append':
    case 'log-deposit':
      return BASE_COST + request.entry.length + MAX_LOG_ENTRY_BYTES
    case 'log-read':
      return BASE_COST + MAX_LOG_PAGE_BYTES
    case 'fetch':
    case 'bucket-fetch':
      return BASE_COST + Math.min(MAX_FETCH_BYTES, request.limit * FRAME_COST)
    case 'blob-put':
    case 'blob-deposit':
    case 'blob-get':
    case 'blob-range':
      return BASE_COST + BLOB_COST
    case 'take':
      return BASE_COST + ITEM_COST
    case 'lookup':
      return BASE_COST + RECORDS_COST
    case 'record-bucket':
      return BASE_COST + MAX_RECORD_PAGE_BYTES
    case 'stock':
    case 'stock-deposit':
      return request.upload.items.reduce((sum, item) => sum + item.length, BASE_COST + ITEM_COST)
    case 'forward':
      return BASE_COST + request.sealed.length + HOP_SIZES[1]
    case 'sealed':
      return BASE_COST + request.bytes.length + HOP_SIZES[1]
    case 'pay-order':
      return BASE_COST + 2 * request.bytes.length
    default:
      return BASE_COST
  }
}

interface State {
  /** Messages that are not decoded yet. */
  readonly messages: Uint8Array[]
  inbox: Incoming[]
  /** Index of the first request that was not started. */
  next: number
  /** Cost and number of requests that were started and not answered. */
  cost: number
  started: number
  stopped: boolean
  readonly idle: (() => void)[]
}

/** Lets other connections go on once the store's queue is half empty. */
function wakeOthers({ waiting, engine }: WorkContext): void {
  if (waiting.size === 0 || engine.queuedBytes() >= MAX_QUEUED_BYTES / 2) return
  const others = [...waiting]
  waiting.clear()
  for (const wake of others) wake()
}

export function createWork(context: WorkContext): Work {
  const { engine, limits, outbox, session, waiting } = context
  const state: State = { messages: [], inbox: NONE, next: 0, cost: 0, started: 0, stopped: false, idle: [] }

  const pending = (): boolean => state.next < state.inbox.length || state.messages.length > 0
  const finish = (weight: number): void => {
    state.cost -= weight
    state.started -= 1
    if (state.started === 0 && state.idle.length > 0) for (const done of state.idle.splice(0)) done()
    if (pending()) pump()
    wakeOthers(context)
  }
  const begin = (request: Incoming): void => {
    const result = answer(session, request)
    if (!(result instanceof Promise)) {
      outbox.push(result)
      return
    }
    const weight = cost(request)
    state.cost += weight
    state.started += 1
    const done = (reply: Reply): void => {
      outbox.push(reply)
      finish(weight)
    }
    result.then(done, () => done(failure(request.request, 'storage-failed', STORAGE_RETRY_MS)))
  }
  const mayStart = (): boolean => {
    if (state.cost + outbox.waiting() >= limits.answerBytes) return false
    if (engine.queuedBytes() < MAX_QUEUED_BYTES) return true
    waiting.add(pump)
    return false
  }
  /** True when a request is there that was not started. */
  const more = (): boolean => {
    while (state.next === state.inbox.length) {
      const message = state.messages.shift()
      // What is done is not held on to.
      state.inbox = message === undefined ? NONE : context.decode(message)
      state.next = 0
      if (message === undefined) return false
    }
    return true
  }
  const pump = (): void => {
    while (!state.stopped && pending() && mayStart() && more()) begin(state.inbox[state.next++] as Incoming)
    if (state.next > 0 && !pending()) more()
    context.changed()
  }
  return {
    add: (message) => {
      state.messages.push(message)
      pump()
    },
    pending,
    pump,
    stop: () => {
      state.stopped = true
      state.messages.length = 0
      state.inbox = NONE
      state.next = 0
      waiting.delete(pump)
      return state.started === 0 ? Promise.resolve() : new Promise((resolve) => state.idle.push(resolve))
    },
  }
}
