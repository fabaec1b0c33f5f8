/** Starts and stops a relay: engine, port, connections. spec/relay.md. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { closeContext, openContext, openRest } from './context.js'
import type { EngineStats, RelayEngine, Upkeep } from './engine/engine.js'
import type { RelayOptions } from './options.js'
import type { Rest } from './rest/app.js'
import { acceptConnection, type Connection, type ServerContext } from './server/connection.js'
import { drainAll } from './server/drain.js'
import { createFront, createReadiness, type Readiness } from './server/front.js'
import { guard } from './server/guard.js'
import { acceptWebSockets, createHttpServer, listen } from './server/http.js'
import { createNames, type Names } from './server/names.js'
import { renewTls, type TlsPair } from './server/tls.js'
import type { Services } from './services.js'

export interface RelayStats extends EngineStats {
  readonly connections: number
}

export interface Relay extends AsyncDisposable {
  /** `ws://host:port`, or `wss:` with TLS. */
  readonly url: string
  readonly port: number
  stats(): Promise<RelayStats>
  /** True when requests are wanted: the store takes writes and the relay is not closing. */
  ready(): Promise<boolean>
  /** Removes what has expired now instead of at the next interval. */
  sweep(): Promise<void>
  /** The till and the ledger for the operator; undefined where the relay takes no payment. */
  readonly payment: Services['payment']
  /** Backup and compaction; undefined where the engine's data is kept elsewhere. */
  readonly upkeep: Upkeep | undefined
  /** New connections get this certificate. False without TLS. @throws RelayError `relay/bad-tls` */
  renewTls(pair: TlsPair): boolean
  /** Answers what was begun, says goodbye to its peers, closes the data folder. */
  close(): Promise<void>
}

async function sweepForever(engine: RelayEngine, context: ServerContext, signal: AbortSignal): Promise<void> {
  const { clock, limits, logger } = context
  while (!signal.aborted) {
    await engine.sweep(signal).catch(() => logger.warn('sweep failed'))
    await context.services.sweep().catch(() => logger.warn('sweep of services failed'))
    await clock.sleep(limits.sweepEveryMs, signal).catch(() => {})
  }
}

function accept(server: Server, names: Names, context: ServerContext): Set<Connection> {
  const connections = new Set<Connection>()
  if (names.any) context.logger.warn('no names configured: box proofs trust the Host header')
  acceptWebSockets(server, context.limits, (ws, socket, request) => {
    const connection = acceptConnection(ws, socket, names.own(request.headers.host), context)
    connections.add(connection)
    ws.on('close', () => connections.delete(connection))
  })
  return connections
}

interface Running {
  readonly server: Server
  readonly rest: Rest | undefined
  readonly context: ServerContext
  readonly readiness: Readiness
  readonly connections: Set<Connection>
  readonly stop: AbortController
  readonly background: readonly Promise<void>[]
}

function run(
  server: Server,
  names: Names,
  context: ServerContext,
  readiness: Readiness,
  rest: Rest | undefined,
): Running {
  const connections = accept(server, names, context)
  const { engine, limits, clock, logger } = context
  const stop = new AbortController()
  const background = [
    guard({ connections, limits, clock, logger }, stop.signal),
    sweepForever(engine, context, stop.signal),
  ]
  return { server, rest, context, readiness, connections, stop, background }
}

async function shut({
  server,
  rest,
  context,
  readiness,
  connections,
  stop,
  background,
}: Running): Promise<void> {
  const { clock, limits } = context
  readiness.drain()
  if (limits.drainDelayMs > 0) await clock.sleep(limits.drainDelayMs)
  const closed = once(server, 'close')
  server.close()
  await drainAll(connections, rest, context)
  server.closeAllConnections()
  stop.abort()
  await Promise.all([closed, ...background])
  await closeContext(context)
}

/**
 * Opens the data folder and listens.
 * @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable`, `relay/cannot-listen`,
 * `relay/bad-tls`, `relay/bad-setting`
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { host = '127.0.0.1', tls } = options
  const context = await openContext(options)
  const { engine, clock, limits } = context
  let running: Running
  let port: number
  try {
    const readiness = createReadiness(engine, clock)
    const names = createNames(host, options.names)
    const rest = openRest(options, context, names)
    const server = createHttpServer(limits, createFront(readiness, rest?.listener), tls)
    port = await listen(server, options.port ?? 0, host)
    running = run(server, names, context, readiness, rest)
  } catch (error) {
    await closeContext(context)
    throw error
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= shut(running)
    return closing
  }
  return {
    url: `${tls === undefined ? 'ws' : 'wss'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    stats: async () => ({ ...(await engine.stats()), connections: running.connections.size }),
    ready: running.readiness.ready,
    sweep: async () => {
      await engine.sweep(running.stop.signal)
      await context.services.sweep()
    },
    payment: context.services.payment,
    upkeep: engine.upkeep,
    renewTls: (pair) => renewTls(running.server, pair),
    close,
    [Symbol.asyncDispose]: close,
  }
}
