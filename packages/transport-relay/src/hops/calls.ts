/**
 * Calls to a relay by one who is not a carrier: another relay that passes something on, a cashier's customer.
 *
 * Numbering, reconnecting and deadlines are the dialer's.
 */
import type { Clock, Logger } from '@hyphae/core'
import { systemRandom } from '../backoff.js'
import type { Ask, CallOptions } from '../call.js'
import { createDialer, type Dialer } from '../dialer.js'
import { REQUEST_TIMEOUT_MS, UNREACHABLE_AFTER_MS } from '../limits.js'
import { relayUrl } from '../relay-url.js'
import type { OpenSocket } from '../socket.js'
import type { Reply } from '../wire/message.js'

export interface CallsOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** From sending a request to giving it up, in ms; default 60,000. */
  readonly requestTimeoutMs?: number
  /** How long a request waits for a connection, in ms; default 10,000. */
  readonly unreachableAfterMs?: number
}

export interface RelayCalls {
  /** @throws RelayCarrierError what the relay refuses with, and `relay-carrier/unreachable`, `relay-carrier/timeout` */
  call<K extends Reply['kind']>(
    ask: Ask,
    expect: K,
    options: CallOptions,
  ): Promise<Extract<Reply, { kind: K }>>
  close(): Promise<void>
}

export type OpenCalls = (url: string, options: CallsOptions) => RelayCalls

/** @throws RelayCarrierError `relay-carrier/bad-url` */
export function dialerTo(url: string, open: OpenSocket, options: CallsOptions): Dialer {
  const { href, hostname } = relayUrl(url)
  return createDialer({
    url: href,
    host: hostname,
    open,
    clock: options.clock,
    logger: options.logger,
    random: systemRandom,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    unreachableAfterMs: options.unreachableAfterMs ?? UNREACHABLE_AFTER_MS,
  })
}

export function callsOver(open: OpenSocket): OpenCalls {
  return (url, options) => {
    const dialer = dialerTo(url, open, options)
    return { call: (ask, expect, callOptions) => dialer.call(ask, expect, callOptions), close: dialer.close }
  }
}
