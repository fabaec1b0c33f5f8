/** Runs a relay by its configuration until it is told to stop. Knows no process: signals come in as ports. */
import { readFile } from 'node:fs/promises'
import type { Clock, Logger } from '@hyphae/core'
import { chooseEngine } from '../engine/choose.js'
import { codeOf, RelayError } from '../errors.js'
import { DEFAULT_LIMITS, DRAIN_MARGIN_MS } from '../limits.js'
import { type Relay, startRelay } from '../relay.js'
import { secure, type TlsPair } from '../server/tls.js'
import { type Stoppable, startAdmin, startControl } from './admin.js'
import type { RelayConfig } from './config.js'
import { createMetrics, type Metrics } from './metrics.js'
import { servicesOf } from './services.js'

export interface ServeContext {
  readonly clock: Clock
  readonly logger: Logger
  /** Ends the relay in order. */
  readonly signal: AbortSignal
  /** Calls the listener whenever files should be read again; gives what forgets it. */
  onReload?(listener: () => void): () => void
}

export interface Serving {
  readonly url: string
  /** Of the admin port, when there is one. */
  readonly adminUrl?: string
}

/** Resolves to undefined without TLS. @throws RelayError `relay/bad-tls` */
async function readTls({ tlsCert, tlsKey }: RelayConfig): Promise<TlsPair | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  const read = (path: string): Promise<Uint8Array> =>
    readFile(path).catch((cause: unknown) => {
      throw new RelayError('relay/bad-tls', { details: { path, reason: codeOf(cause) }, cause })
    })
  const pair = { cert: await read(tlsCert), key: await read(tlsKey) }
  try {
    secure(pair)
  } catch (error) {
    if (!(error instanceof RelayError)) throw error
    throw new RelayError('relay/bad-tls', { details: { ...error.details, tlsCert, tlsKey } })
  }
  return pair
}

async function start(
  config: RelayConfig,
  context: ServeContext,
  metrics: Metrics | undefined,
): Promise<Relay> {
  const { clock, logger } = context
  const { data, host, port, names, limits, rest, trustedProxies } = config
  // What needs nothing but files is looked at first.
  const tls = await readTls(config)
  const engine = await chooseEngine(config)
  const services = await servicesOf(config)
  return startRelay({
    data,
    host,
    port,
    limits,
    rest,
    trustedProxies,
    clock,
    logger,
    ...services,
    engine: metrics === undefined ? engine : metrics.observe(engine),
    ...(metrics !== undefined && { observeRequest: metrics.http }),
    ...(names.length > 0 && { names }),
    ...(tls !== undefined && { tls }),
  })
}

function reload(config: RelayConfig, relay: Relay, logger: Logger): void {
  const renew = async (): Promise<void> => {
    const tls = await readTls(config)
    if (tls !== undefined && relay.renewTls(tls)) logger.info('certificate read again')
  }
  renew().catch((error: unknown) => {
    // The old certificate goes on.
    logger.error('certificate not read', { code: error instanceof RelayError ? error.code : 'unknown' })
  })
}

/** The relay, or undefined when it was told to stop before it was there; then it is closed as soon as it is. */
async function startUnlessStopped(
  starting: Promise<Relay>,
  { signal }: ServeContext,
): Promise<Relay | undefined> {
  const relay = await Promise.race([starting, stopped(signal)])
  if (relay !== undefined && !signal.aborted) return relay
  // Nobody was answered yet: there is nothing to wait for.
  starting.then((late) => late.close()).catch(() => {})
  return undefined
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Closes within the deadline. @throws RelayError `relay/drain-late` */
async function drain(relay: Relay, config: RelayConfig, clock: Clock): Promise<void> {
  const { drainDelayMs, drainMs } = { ...DEFAULT_LIMITS, ...config.limits }
  const stop = new AbortController()
  const late = clock.sleep(drainDelayMs + drainMs + DRAIN_MARGIN_MS, stop.signal).then(
    () => {
      throw new RelayError('relay/drain-late')
    },
    () => {},
  )
  await Promise.race([relay.close(), late]).finally(() => stop.abort())
}

/**
 * Starts, tells `ready`, waits for the signal, drains. False: it was told to stop before it was ready.
 * @throws RelayError of `startRelay`, `relay/bad-setting`, `relay/drain-late`
 */
export async function serve(
  config: RelayConfig,
  context: ServeContext,
  ready: (serving: Serving) => Promise<void>,
): Promise<boolean> {
  const { clock, logger, signal } = context
  const metrics = config.adminPort === undefined ? undefined : createMetrics(() => performance.now() / 1000)
  const relay = await startUnlessStopped(start(config, context, metrics), context)
  if (relay === undefined) return false
  const others: Stoppable[] = []
  const forget = context.onReload?.(() => reload(config, relay, logger))
  try {
    let adminUrl: string | undefined
    if (metrics !== undefined) {
      metrics.watch(relay)
      const admin = await startAdmin({ host: config.adminHost, port: config.adminPort ?? 0 }, relay, metrics)
      others.push(admin)
      adminUrl = `http://${config.adminHost.includes(':') ? `[${config.adminHost}]` : config.adminHost}:${admin.port}`
    }
    const control = await startControl(config.data, relay, logger)
    if (control !== undefined) others.push(control)
    logger.info('relay started', { engine: config.engine, tls: config.tlsCert !== undefined })
    await ready({ url: relay.url, ...(adminUrl !== undefined && { adminUrl }) })
    await stopped(signal)
    logger.info('relay drains')
  } finally {
    await drain(relay, config, clock)
    forget?.()
    await Promise.all(others.map((other) => other.close()))
  }
  logger.info('relay stopped')
  return true
}
