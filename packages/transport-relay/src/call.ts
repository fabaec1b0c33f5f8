/** A request on its way: what it asks, what answers it, and what its failure means to the caller. */
import { type BoxKey, CoreError } from '@hyphae/core'
import { onAbort } from './abort.js'
import { RelayCarrierError } from './errors.js'
import { type FailureName, failureName } from './wire/failure.js'
import { type Reply, type Request, requestBytes } from './wire/message.js'

type Unnumbered<R> = R extends Request ? Omit<R, 'request'> : never

/** A request without its number. */
export type Ask = Unnumbered<Request>

/** What a relay says unasked. */
export type PushKind = 'pushed' | 'bucket-pushed' | 'wake' | 'heard'

/** Who gets what is pushed on a watch. */
export interface PushTarget {
  /** The only kind that it is told of. */
  readonly pushes: PushKind
  /** Byte strings are views into the message. */
  pushed(reply: Reply): void
  /** The relay ended the watch. */
  refused(error: RelayCarrierError): void
  /** The watch was sent under this number. */
  numbered(request: number): void
}

export interface CallOptions {
  /** For a watch: gets the pushes that carry the request's number. */
  readonly target?: PushTarget

  /** Must be open on the connection before the request is sent. */
  readonly box?: BoxKey
  /** Sent again on a new connection when the old one ended without an answer. */
  readonly repeatable: boolean
  readonly signal?: AbortSignal | undefined
}

export interface Call {
  readonly ask: Ask
  readonly expect: readonly Reply['kind'][]
  readonly options: CallOptions
  readonly bytes: number
  readonly issuedAt: number
  sentAt: number
  done: boolean
  settle(reply: Reply): void
  fail(error: unknown): void
}

/** `finish` is told once, whatever the end. */
export function createCall(
  ask: Ask,
  expect: readonly Reply['kind'][],
  options: CallOptions,
  issuedAt: number,
): { readonly call: Call; readonly result: Promise<Reply> } {
  const { promise, resolve, reject } = deferred<Reply>()
  const { signal } = options
  let forget: (() => void) | undefined
  const abort = (): void => call.fail(new CoreError('core/aborted', { cause: signal?.reason }))
  const end = (): boolean => {
    if (call.done) return false
    call.done = true
    forget?.()
    return true
  }
  const call: Call = {
    ask,
    expect,
    options,
    bytes: requestBytes({ ...ask, request: 1 } as Request),
    issuedAt,
    sentAt: 0,
    done: false,
    settle: (reply) => {
      if (end()) resolve(reply)
    },
    fail: (error) => {
      if (end()) reject(error)
    },
  }
  if (signal?.aborted) abort()
  else if (signal !== undefined) forget = onAbort(signal, abort)
  return { call, result: promise }
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

type CarrierCode = ConstructorParameters<typeof RelayCarrierError>[0]

const CODES: Readonly<Record<FailureName, CarrierCode>> = {
  malformed: 'relay-carrier/malformed',
  unsupported: 'relay-carrier/unsupported',
  'bad-proof': 'relay-carrier/bad-proof',
  'not-open': 'relay-carrier/bad-proof',
  'box-full': 'relay-carrier/box-full',
  'rate-limited': 'relay-carrier/rate-limited',
  'storage-failed': 'relay-carrier/storage-failed',
  stale: 'relay-carrier/stale',
  'address-full': 'relay-carrier/address-full',
  'bad-signature': 'relay-carrier/bad-signature',
  'bad-hash': 'relay-carrier/bad-hash',
  limit: 'relay-carrier/limit',
  'stock-full': 'relay-carrier/stock-full',
  draining: 'relay-carrier/interrupted',
  internal: 'relay-carrier/internal',
  'bad-watch': 'relay-carrier/internal',
  'ticket-needed': 'relay-carrier/ticket-needed',
  'bad-ticket': 'relay-carrier/bad-ticket',
  'ticket-spent': 'relay-carrier/bad-ticket',
  'bucket-too-small': 'relay-carrier/bucket-too-small',
  'bad-terms': 'relay-carrier/bad-terms',
  'bad-cursor': 'relay-carrier/bad-cursor',
  'bad-payment': 'relay-carrier/bad-payment',
  'payment-backward': 'relay-carrier/bad-payment',
  'no-credit': 'relay-carrier/no-credit',
  'payment-expired': 'relay-carrier/bad-payment',
  'unknown-channel': 'relay-carrier/bad-payment',
  'not-a-peer': 'relay-carrier/not-a-peer',
  'peer-unreachable': 'relay-carrier/unreachable',
  'hop-refused': 'relay-carrier/hop-refused',
  'hop-replayed': 'relay-carrier/hop-replayed',
  'answer-too-large': 'relay-carrier/answer-too-large',
  'bad-push': 'relay-carrier/bad-push',
  'push-gone': 'relay-carrier/bad-push',
}

/** What a failure of the relay means to the caller. A code of a later version counts as internal. */
export function failureError(code: number, retryAfterMs: number): RelayCarrierError {
  const name = failureName(code)
  const context = { details: { relayCode: code }, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) }
  return new RelayCarrierError(name === undefined ? 'relay-carrier/internal' : CODES[name], context)
}
