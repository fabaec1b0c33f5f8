/**
 * Calls over two hops: what is asked in one turn for one box goes into one sealed request. spec/relay-hops.md section 4.
 *
 * Requests for different boxes never share one: the second relay would learn that they belong together.
 */
import { type Clock, isHyphaeError, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { type Ask, type Call, type CallOptions, createCall, failureError } from '../call.js'
import type { Dialer } from '../dialer.js'
import { RelayCarrierError } from '../errors.js'
import { HOP_ATTEMPTS, MAX_HOP_OPERATIONS } from '../limits.js'
import { malformed } from '../wire/bytes.js'
import { failureName } from '../wire/failure.js'
import { HOP_SIZES, type HopSize } from '../wire/hop-requests.js'
import {
  decodeReplies,
  encodeRequests,
  MESSAGE_HEADER_BYTES,
  OPERATION_HEADER_BYTES,
  type Reply,
  type Request,
} from '../wire/message.js'
import { openProof } from '../wire/proof.js'
import {
  HOP_REQUEST_OVERHEAD,
  openHopAnswer,
  type StartedExchange,
  sealHopRequest,
  startHop,
} from './envelope.js'

export interface ExchangeOptions {
  readonly entry: Dialer
  /** Host name (proofs) and host with port (the entry's list) of the second relay. */
  readonly hostname: string
  readonly peer: Uint8Array
  /** X25519 public key of the second relay. */
  readonly key: Uint8Array
  readonly crypto: CryptoProvider
  readonly clock: Clock
}

export interface Exchange {
  call(ask: Ask, expect: readonly Reply['kind'][], options: CallOptions): Promise<Reply>
}

/** Calls that share a sealed request. */
interface Group {
  readonly name: string
  readonly calls: Call[]
  bytes: number
}

interface State {
  readonly options: ExchangeOptions
  waiting: Group[]
  scheduled: boolean
  /** Groups whose last answer was cut: the next may be large. */
  readonly more: Set<string>
  /** The relay's clock less ours, in ms. */
  offset: number
}

/** Room for an `open` beside the calls. */
const OPEN_BYTES: number = OPERATION_HEADER_BYTES + 32 + 64
const MAX_GROUP_BYTES: number = HOP_SIZES[1] - HOP_REQUEST_OVERHEAD - MESSAGE_HEADER_BYTES - OPEN_BYTES

function groupName({ ask, options }: Call, fallback: number): string {
  if (options.box !== undefined) return `own ${toHex(options.box.id)}`
  if (ask.kind === 'put' || ask.kind === 'deposit') return `put ${toHex(ask.box)}`
  if (ask.kind === 'bucket-fetch') return `bucket ${ask.bits}/${ask.prefix}`
  return `other ${fallback}`
}

function enqueue(state: State, call: Call): void {
  const name = groupName(call, state.waiting.length)
  const last = state.waiting.findLast((group) => group.name === name)
  const full =
    last === undefined || last.calls.length >= MAX_HOP_OPERATIONS || last.bytes + call.bytes > MAX_GROUP_BYTES
  if (full) state.waiting.push({ name, calls: [call], bytes: call.bytes })
  else {
    last.calls.push(call)
    last.bytes += call.bytes
  }
}

/** Numbered from 1; `open` has the number after the last. */
function requestsOf(
  { calls }: Group,
  { hostname }: ExchangeOptions,
  { challenge }: StartedExchange,
): Request[] {
  const requests = calls.map(({ ask }, i) => ({ ...ask, request: i + 1 }) as Request)
  const box = calls.find(({ options }) => options.box !== undefined)?.options.box
  if (box === undefined) return requests
  const signature = box.sign(openProof(challenge, hostname, box.id))
  return [{ kind: 'open', request: calls.length + 1, box: box.id, signature }, ...requests]
}

/** One sealed request and its answers. @throws RelayCarrierError what the entry refuses with, `relay-carrier/hop-refused` */
async function exchangeOnce(state: State, group: Group, answerSize: HopSize): Promise<Reply[]> {
  const { options } = state
  const { crypto, key, clock, entry, peer } = options
  const started = startHop(crypto, key)
  const message = encodeRequests(requestsOf(group, options, started))
  const time = Math.max(0, clock.now() + state.offset)
  const sealed = sealHopRequest(crypto, key, started, { time, answerSize, message })
  const answer = await entry.call({ kind: 'forward', peer, sealed }, 'sealed-answer', { repeatable: false })
  const opened = openHopAnswer(crypto, started, answer.bytes)
  if (opened === null || answer.bytes.length !== answerSize)
    throw new RelayCarrierError('relay-carrier/hop-refused')
  state.offset = opened.time - clock.now()
  return decodeReplies(opened.message)
}

/** Settles each call by its answer; those whose answer did not fit stay. */
function settle(state: State, group: Group, replies: readonly Reply[]): Call[] {
  const byNumber = new Map(replies.map((reply) => [reply.request, reply]))
  const opened = byNumber.get(group.calls.length + 1)
  const refusal = opened?.kind === 'failure' ? failureError(opened.code, opened.retryAfterMs) : undefined
  const again: Call[] = []
  group.calls.forEach((call, i) => {
    const reply = byNumber.get(i + 1)
    if (reply === undefined) call.fail(malformed('no-answer'))
    else if (reply.kind !== 'failure') {
      if (reply.kind === 'deliveries' || reply.kind === 'bucket')
        state.more[reply.more ? 'add' : 'delete'](group.name)
      if (call.expect.includes(reply.kind)) call.settle(reply)
      else call.fail(malformed('wrong-answer'))
    } else if (failureName(reply.code) === 'answer-too-large') again.push(call)
    else if (failureName(reply.code) === 'not-open' && refusal !== undefined) call.fail(refusal)
    else call.fail(failureError(reply.code, reply.retryAfterMs))
  })
  return again
}

/** The whole request was refused: its time was off, or it came twice. */
function wholeRefusal(replies: readonly Reply[]): RelayCarrierError | undefined {
  const [first] = replies
  if (replies.length !== 1 || first?.kind !== 'failure' || first.request !== 0) return undefined
  return failureError(first.code, first.retryAfterMs)
}

/** What was lost on the way may be asked again under a new seal, when that is harmless. */
function mayRepeat(error: unknown, { calls }: Group): boolean {
  const harmless = calls.every(({ options }) => options.repeatable)
  if (isHyphaeError(error, 'relay-carrier/hop-replayed')) return true
  return (
    harmless &&
    ['relay-carrier/interrupted', 'relay-carrier/timeout'].some((code) => isHyphaeError(error, code))
  )
}

/** Large where the last page was cut and more than a frame is asked for; a bucket of records is many pages as a rule. */
function firstSize({ more }: State, { name, calls }: Group): HopSize {
  if (calls.some(({ ask }) => ask.kind === 'record-bucket')) return HOP_SIZES[1]
  const pages = calls.some(({ ask }) => 'limit' in ask && ask.limit > 1)
  return more.has(name) && pages ? HOP_SIZES[1] : HOP_SIZES[0]
}

async function exchange(state: State, group: Group): Promise<void> {
  let rest = group
  let size = firstSize(state, group)
  for (let attempt = 1; ; attempt++) {
    rest = { ...rest, calls: rest.calls.filter(({ done }) => !done) }
    if (rest.calls.length === 0) return
    try {
      const replies = await exchangeOnce(state, rest, size)
      const refusal = wholeRefusal(replies)
      if (refusal !== undefined) throw refusal
      const calls = settle(state, rest, replies)
      if (size === HOP_SIZES[1])
        for (const call of calls) call.fail(new RelayCarrierError('relay-carrier/answer-too-large'))
      size = HOP_SIZES[1]
      rest = { ...rest, calls }
    } catch (error) {
      if (attempt < HOP_ATTEMPTS && mayRepeat(error, rest)) continue
      for (const call of rest.calls) call.fail(error)
      return
    }
  }
}

function flush(state: State): void {
  state.scheduled = false
  const groups = state.waiting
  state.waiting = []
  for (const group of groups) void exchange(state, group)
}

export function createExchange(options: ExchangeOptions): Exchange {
  const state: State = { options, waiting: [], scheduled: false, more: new Set(), offset: 0 }
  return {
    call: (ask, expect, callOptions) => {
      const { call, result } = createCall(ask, expect, callOptions, options.clock.now())
      if (call.done) return result
      enqueue(state, call)
      if (!state.scheduled) {
        state.scheduled = true
        queueMicrotask(() => flush(state))
      }
      return result
    },
  }
}
