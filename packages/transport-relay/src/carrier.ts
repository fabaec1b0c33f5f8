/** `relay(url)`: a carrier over one WebSocket to a Hyphae relay. spec/relay.md. */
import {
  type Carrier,
  type CarrierComponents,
  type CarrierPrivacy,
  type CarrierTraits,
  type Directory,
  type IoOptions,
  MAX_FRAME_BYTES,
  type Mailbox,
} from '@hyphae/core'
import type { Cashier } from '@hyphae/payment'
import { type Random, systemRandom } from './backoff.js'
import { createBlobs, type RelayBlobs } from './blobs.js'
import { createBucketMailbox } from './bucket-mailbox.js'
import { type Buckets, createBuckets } from './buckets.js'
import { createCashier } from './cashier.js'
import { type Channels, createChannels } from './channels.js'
import { createDeposits, type TicketFor } from './deposits.js'
import { createDialer, type Dialer, type DialerOptions } from './dialer.js'
import { createDirectory } from './directory.js'
import type { FeedContext } from './feed.js'
import { createLateAcks } from './late-acks.js'
import { REQUEST_TIMEOUT_MS, UNREACHABLE_AFTER_MS } from './limits.js'
import { createLogs, type Logs } from './logs.js'
import { createExactMailbox, type RelayMailbox } from './mailbox.js'
import { describe } from './offer.js'
import type { BucketPlaces } from './places.js'
import { createRegistrations, type PushRegistrations } from './registrations.js'
import { relayUrl } from './relay-url.js'
import { type OpenSocket, openWebSocket, type WebSocketConstructor } from './socket.js'
import { type BoxTermsPort, createTerms } from './terms.js'
import type { TicketsFor } from './tickets.js'
import type { Description } from './wire/description.js'
import type { TtlClass } from './wire/ticket.js'
import type { Sha256 } from './wire/work.js'

export interface RelayCarrierOptions {
  /** A class with the standard WebSocket interface, instead of the runtime's. */
  readonly WebSocket?: WebSocketConstructor
  /** From sending a request to giving it up, in ms; default 60,000. */
  readonly requestTimeoutMs?: number
  /** How long a request waits for a connection before `relay-carrier/unreachable`, in ms; default 10,000. */
  readonly unreachableAfterMs?: number
  /** Source of jitter, in [0, 1). */
  readonly random?: Random
  /** Days a frame waits unless its put says otherwise; default 30. */
  readonly ttl?: TtlClass
  /** Asked for a ticket for each frame that brings none. */
  readonly ticketFor?: TicketFor
  /** Asked for tickets for blobs, entries of logs and stocks. */
  readonly ticketsFor?: TicketsFor
  /** How boxes are read; default `exact`. */
  readonly privacy?: RelayPrivacy
  /** Reaches the relay through another: `throughRelay` of `@hyphae/transport-relay/hops`. */
  readonly via?: Via
}

/** Makes the dialer to `target` over connections of its own choice. */
export type Via = (target: URL, connections: Omit<DialerOptions, 'url' | 'host'>) => Dialer

export interface BucketPrivacy {
  readonly mode: 'bucket'
  readonly sha256: Sha256
  /** Where boxes are read on from after this carrier; left out, every carrier reads buckets from the beginning. */
  readonly places?: BucketPlaces
  /**
   * Tells the relay what it may forget, some minutes late and each box by itself. That names the box: default only
   * with `via`, where the relay does not know who says it.
   */
  readonly acknowledge?: boolean
}

/**
 * `exact` tells the relay which box is read. `bucket` reads all boxes whose ids begin alike, as many as the relay
 * says are needed to hide among, and picks out the own ones: it costs their traffic, and needs a SHA-256.
 */
export type RelayPrivacy = 'exact' | BucketPrivacy

/** A carrier with all that a Hyphae relay has. */
export interface RelayCarrier extends Carrier {
  readonly mailbox: RelayMailbox
  readonly directory: Directory & Required<Pick<Directory, 'buckets'>>
  readonly blobs: RelayBlobs
  readonly terms: BoxTermsPort
  readonly buckets: Buckets
  readonly logs: Logs
  readonly channels: Channels
  readonly cashier: Cashier
  readonly push: PushRegistrations
  /** What the relay offers now. One of an older version offers codes 1 to 16. */
  describe(options?: IoOptions): Promise<Description>
}

export type RelayTransport = (components: CarrierComponents) => Promise<RelayCarrier>

/** What a relay over the internet usually is; the selector measures for itself. */
const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 10_000_000,
  latencyMs: 50,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'relayed',
}

export type RelayFactory = (url: string, options?: RelayCarrierOptions) => RelayTransport

function createReading(
  context: FeedContext,
  buckets: Buckets,
  { privacy = 'exact', via, random = systemRandom }: RelayCarrierOptions,
): Pick<Mailbox, 'fetch' | 'watch'> {
  if (privacy === 'exact') return createExactMailbox(context)
  const { sha256, places, acknowledge = via !== undefined } = privacy
  const late = acknowledge ? createLateAcks(context, random) : undefined
  return createBucketMailbox({ ...context, buckets, sha256, places, acknowledge: late })
}

function capabilities(
  context: FeedContext,
  options: RelayCarrierOptions,
): Omit<RelayCarrier, 'name' | 'traits' | 'close' | typeof Symbol.asyncDispose> {
  const { dialer } = context
  const { ttl, ticketFor, ticketsFor } = options
  const buckets = createBuckets(context)
  const reading = createReading(context, buckets, options)
  return {
    mailbox: { ...reading, put: createDeposits(dialer, { ttl, ticketFor }) },
    directory: createDirectory(dialer, ticketsFor),
    blobs: createBlobs(dialer, ticketsFor),
    terms: createTerms(dialer),
    buckets,
    logs: createLogs(dialer, ticketsFor),
    channels: createChannels(context),
    cashier: createCashier(dialer),
    push: createRegistrations(dialer),
    describe: (ioOptions) => describe(dialer, ioOptions),
  }
}

function privacyOf({ via, privacy = 'exact' }: RelayCarrierOptions): CarrierPrivacy {
  if (via !== undefined) return 'two-hop'
  return privacy === 'exact' ? 'relayed' : 'bucketed'
}

/** A factory whose carriers use this socket unless the options bring a WebSocket class. */
export function relayFactory(open: OpenSocket): RelayFactory {
  return (url, options = {}) => {
    const parsed = relayUrl(url)
    return async ({ clock, logger }) => {
      const connections = {
        open: options.WebSocket === undefined ? open : openWebSocket(options.WebSocket),
        clock,
        logger,
        random: options.random ?? systemRandom,
        requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
        unreachableAfterMs: options.unreachableAfterMs ?? UNREACHABLE_AFTER_MS,
      }
      const direct = { url: parsed.href, host: parsed.hostname, ...connections }
      const dialer = options.via?.(parsed, connections) ?? createDialer(direct)
      return {
        name: `relay ${parsed.origin === 'null' ? `${parsed.protocol}//${parsed.host}` : parsed.origin}`,
        traits: { ...TRAITS, privacy: privacyOf(options) },
        ...capabilities({ dialer, clock }, options),
        close: dialer.close,
        [Symbol.asyncDispose]: dialer.close,
      }
    }
  }
}
