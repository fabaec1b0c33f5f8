/** `relay(url)`: a carrier over one WebSocket to a Hyphae relay. spec/relay.md. */
import { type CarrierTraits, MAX_FRAME_BYTES, type Transport } from '@hyphae/core'
import { type Random, systemRandom } from './backoff.js'
import { createBlobs } from './blobs.js'
import { createDialer } from './dialer.js'
import { createDirectory } from './directory.js'
import { RelayCarrierError } from './errors.js'
import { REQUEST_TIMEOUT_MS, UNREACHABLE_AFTER_MS } from './limits.js'
import { createMailbox } from './mailbox.js'
import { type OpenSocket, openWebSocket, type WebSocketConstructor } from './socket.js'

export interface RelayCarrierOptions {
  /** A class with the standard WebSocket interface, instead of the runtime's. */
  readonly WebSocket?: WebSocketConstructor
  /** From sending a request to giving it up, in ms; default 60,000. */
  readonly requestTimeoutMs?: number
  /** How long a request waits for a connection before `relay-carrier/unreachable`, in ms; default 10,000. */
  readonly unreachableAfterMs?: number
  /** Source of jitter, in [0, 1). */
  readonly random?: Random
}

/** What a relay over the internet usually is; the selector measures for itself. */
const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 10_000_000,
  latencyMs: 50,
  reliable: true,
  ordered: true,
  metered: false,
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['ws:', 'wss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new RelayCarrierError('relay-carrier/bad-url')
  // A fragment makes WebSocket throw; credentials do not belong into names and logs.
  if (parsed.hash !== '' || parsed.username !== '' || parsed.password !== '')
    throw new RelayCarrierError('relay-carrier/bad-url')
  return parsed
}

export type RelayFactory = (url: string, options?: RelayCarrierOptions) => Transport

/** A factory whose carriers use this socket unless the options bring a WebSocket class. */
export function relayFactory(open: OpenSocket): RelayFactory {
  return (url, options = {}) => {
    const parsed = parse(url)
    return async ({ clock, logger }) => {
      const dialer = createDialer({
        url: parsed.href,
        host: parsed.hostname,
        open: options.WebSocket === undefined ? open : openWebSocket(options.WebSocket),
        clock,
        logger,
        random: options.random ?? systemRandom,
        requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
        unreachableAfterMs: options.unreachableAfterMs ?? UNREACHABLE_AFTER_MS,
      })
      return {
        name: `relay ${parsed.origin === 'null' ? `${parsed.protocol}//${parsed.host}` : parsed.origin}`,
        traits: TRAITS,
        mailbox: createMailbox({ dialer, clock }),
        directory: createDirectory(dialer),
        blobs: createBlobs(dialer),
        close: dialer.close,
        [Symbol.asyncDispose]: dialer.close,
      }
    }
  }
}
