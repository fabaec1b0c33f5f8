/** Starts and stops a relay: data folder, port, connections. spec/relay.md. */
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Clock, type Logger, silentLogger, systemClock } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { hostName } from '@hyphae/transport-relay/wire'
import { openEmbedded } from './engine/embedded.js'
import type { EngineStats, RelayEngine } from './engine/engine.js'
import { RelayError } from './errors.js'
import { DEFAULT_LIMITS, type RelayLimits } from './limits.js'
import { acceptConnection, type Connection, type ServerContext } from './server/connection.js'
import { guard } from './server/guard.js'
import { acceptWebSockets, createHttpServer } from './server/http.js'
import { openTrafficLog } from './server/traffic.js'
import { createWatchRegistry } from './server/watch.js'

export interface RelayOptions {
  /** Folder that holds everything the relay keeps; created when missing. One process at a time. */
  readonly data: string
  /** 0 (default) takes a free port. */
  readonly port?: number
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string
  /** Host names under which clients reach this relay; see spec/relay.md section 3. */
  readonly names?: readonly string[]
  /** File to which every WebSocket message is appended: for tests of what a relay sees. */
  readonly trafficLog?: string
  readonly limits?: Partial<RelayLimits>
  readonly clock?: Clock
  readonly logger?: Logger
  readonly crypto?: CryptoProvider
}

export interface RelayStats extends EngineStats {
  readonly connections: number
}

export interface Relay extends AsyncDisposable {
  /** `ws://host:port` */
  readonly url: string
  readonly port: number
  stats(): RelayStats
  /** Removes what has expired now instead of at the next interval. */
  sweep(): Promise<void>
  /** Answers what was begun, says goodbye to its peers, closes the data folder. */
  close(): Promise<void>
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/** The relay's own names; undefined: whatever the client says. */
function ownNames({ names, host = '127.0.0.1' }: RelayOptions): ReadonlySet<string> | undefined {
  if (names !== undefined) return new Set(names.map((name) => hostName(name) ?? name))
  return LOOPBACK.includes(host) || host === '::1' ? new Set(LOOPBACK) : undefined
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new RelayError('relay/cannot-listen', { details: { port }, cause })
  }
  return (server.address() as AddressInfo).port
}

async function sweepForever(engine: RelayEngine, context: ServerContext, signal: AbortSignal): Promise<void> {
  const { clock, limits, logger } = context
  while (!signal.aborted) {
    await engine.sweep(signal).catch(() => logger.warn('sweep failed'))
    await clock.sleep(limits.sweepEveryMs, signal).catch(() => {})
  }
}

function accept(server: Server, options: RelayOptions, context: ServerContext): Set<Connection> {
  const connections = new Set<Connection>()
  const names = ownNames(options)
  if (names === undefined) context.logger.warn('no names configured: box proofs trust the Host header')
  acceptWebSockets(server, context.limits, (ws, socket, request) => {
    const name = hostName(request.headers.host ?? '')
    const own = name !== undefined && (names === undefined || names.has(name)) ? name : undefined
    const connection = acceptConnection(ws, socket, own, context)
    connections.add(connection)
    ws.on('close', () => connections.delete(connection))
  })
  return connections
}

/** Lets what was begun finish, then closes every connection; those that linger are cut. */
async function drain(connections: ReadonlySet<Connection>, context: ServerContext): Promise<void> {
  const all = [...connections]
  const stop = new AbortController()
  const late = context.clock.sleep(context.limits.drainMs, stop.signal).catch(() => {})
  await Promise.race([Promise.all(all.map((connection) => connection.drain())), late])
  const gone = all.map((connection) => once(connection.ws, 'close'))
  for (const connection of all) connection.end(1001)
  await Promise.race([Promise.all(gone), late])
  stop.abort()
  for (const connection of all) connection.ws.terminate()
}

/**
 * Opens the data folder and listens.
 * @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable`, `relay/cannot-listen`
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { clock = systemClock, logger = silentLogger, crypto = defaultCrypto, host = '127.0.0.1' } = options
  await mkdir(options.data, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new RelayError('relay/data-unusable', { cause })
  })
  const engine = await openEmbedded({ folder: join(options.data, 'store'), limits, clock, logger })
  const traffic = options.trafficLog === undefined ? undefined : openTrafficLog(options.trafficLog)
  const watches = createWatchRegistry(engine)
  const context: ServerContext = {
    engine,
    watches,
    crypto,
    limits,
    clock,
    logger,
    traffic,
    waiting: new Set(),
  }
  const server = createHttpServer(limits)
  const connections = accept(server, options, context)
  const stop = new AbortController()
  let port: number
  try {
    port = await listen(server, options.port ?? 0, host)
  } catch (error) {
    await engine.close()
    traffic?.close()
    throw error
  }
  const background = [
    guard({ connections, limits, clock, logger }, stop.signal),
    sweepForever(engine, context, stop.signal),
  ]
  const shut = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    await drain(connections, context)
    server.closeAllConnections()
    stop.abort()
    await Promise.all([closed, ...background])
    await engine.close()
    traffic?.close()
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= shut()
    return closing
  }
  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    stats: () => ({ ...engine.stats(), connections: connections.size }),
    sweep: () => engine.sweep(stop.signal),
    close,
    [Symbol.asyncDispose]: close,
  }
}
