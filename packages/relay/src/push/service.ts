/** Push at one relay: it wakes the owners of its boxes through gateways, and may be a gateway. spec/relay-push.md. */
import { type Clock, isHyphaeError, type Logger, type Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { openCalls, type RelayCalls } from '@hyphae/transport-relay/hops'
import { type RelayEngine, refuse, type Verdict } from '../engine/engine.js'
import type { ServiceRows } from '../engine/rows.js'
import { FORWARD_TIMEOUT_MS, PUSH_RETRY_MS, WAKE_LEASE_MS, WAKE_SETTLE_MS } from '../limits.js'
import type { WatchRegistry } from '../server/watch.js'
import { type GatewayOptions, openGateway, type PushGateway } from './gateway.js'
import { createRegistry, type Registry } from './registry.js'
import { createWaker } from './waker.js'

export interface PushOptions {
  /** This relay is a gateway; left out, it uses others alone. */
  readonly gateway?: GatewayOptions
  /** `ws:` or `wss:` URLs of relays whose gateways the owners of boxes here may name. */
  readonly gateways?: readonly string[]
}

export interface PushService {
  readonly gateway: PushGateway | undefined
  readonly registry: Registry
  /** True for a gateway that may be named; empty: this relay. */
  offers(gateway: string): boolean
  /** Told of each frame that this relay has stored, where the engine tells of no others; else undefined. */
  readonly stored: ((box: string) => void) | undefined
  close(): Promise<void>
}

export interface PushBase {
  readonly store: Store
  readonly rows: ServiceRows
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly engine: RelayEngine
  readonly watches: WatchRegistry
}

/** What a gateway elsewhere answered. */
async function sendTo(calls: RelayCalls, token: Uint8Array): Promise<Verdict> {
  try {
    await calls.call({ kind: 'push-wake', bytes: token }, 'ok', { repeatable: false })
    return null
  } catch (error) {
    if (isHyphaeError(error, 'relay-carrier/bad-push')) return refuse('push-gone')
    const pause = isHyphaeError(error) ? error.retryAfterMs : undefined
    return refuse('peer-unreachable', pause ?? PUSH_RETRY_MS)
  }
}

function peersOf(urls: readonly string[], { clock, logger }: PushBase): Map<string, RelayCalls> {
  const limits = { requestTimeoutMs: FORWARD_TIMEOUT_MS, unreachableAfterMs: FORWARD_TIMEOUT_MS }
  return new Map(urls.map((url) => [new URL(url).host, openCalls(url, { clock, logger, ...limits })]))
}

/** @throws RelayError `relay/bad-setting`; RelayCarrierError `relay-carrier/bad-url` */
export async function openPush(options: PushOptions, base: PushBase): Promise<PushService> {
  const { rows, clock, engine, watches } = base
  const gateway = options.gateway === undefined ? undefined : await openGateway(options.gateway, base)
  const peers = peersOf(options.gateways ?? [], base)
  const registry = createRegistry(rows, clock)
  const isShared = rows.shared
  const waker = createWaker({
    registry,
    clock,
    settleMs: isShared ? WAKE_SETTLE_MS : 0,
    leaseMs: isShared ? WAKE_LEASE_MS : undefined,
    watched: watches.watched,
    waiting: async (box) => {
      const page = await engine.fetch(new Uint8Array(Buffer.from(box, 'latin1')), 0, 1)
      return page.deliveries.length > 0
    },
    send: async (name, token) => {
      if (name === '')
        return (await gateway?.wake(token)) ?? (gateway === undefined ? refuse('not-a-peer') : null)
      const calls = peers.get(name)
      return calls === undefined ? refuse('not-a-peer') : sendTo(calls, token)
    },
  })
  // Engines that share their state tell of what others store where somebody waits for it. Whoever stores, wakes.
  if (!isShared) engine.onStored((box) => waker.stored(box))
  const stop = new AbortController()
  const running = waker.run(stop.signal)
  return {
    gateway,
    registry,
    offers: (name) => (name === '' ? gateway !== undefined : peers.has(name)),
    stored: isShared ? (box) => waker.stored(box) : undefined,
    close: async () => {
      stop.abort()
      await running
      await Promise.all([...peers.values()].map((calls) => calls.close()))
    },
  }
}
