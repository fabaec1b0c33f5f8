/** The port: HTTP or HTTPS with deadlines, and the upgrade to WebSocket. spec/relay.md 1 and 6. */
import { once } from 'node:events'
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_MESSAGE_BYTES } from '@hyphae/transport-relay/wire'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { codeOf, RelayError } from '../errors.js'
import { CLOSE_MS, MAX_HTTP_HEADER_BYTES, type RelayLimits } from '../limits.js'
import { secure, type TlsPair } from './tls.js'

/** `tls` left out: plain HTTP, for a proxy in front. @throws RelayError `relay/bad-tls` */
export function createHttpServer(
  limits: RelayLimits,
  respond: RequestListener,
  tls: TlsPair | undefined,
): Server {
  const { handshakeMs, messageMs } = limits
  const options = {
    maxHeaderSize: MAX_HTTP_HEADER_BYTES,
    headersTimeout: handshakeMs,
    requestTimeout: Math.max(handshakeMs, messageMs),
    keepAliveTimeout: handshakeMs,
    connectionsCheckingInterval: Math.max(50, handshakeMs / 4),
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createPlainServer(options, respond)
      : createTlsServer({ ...options, ...secure(tls), handshakeTimeout: handshakeMs }, respond)
  server.maxConnections = limits.connections
  return server
}

/** Resolves to the port. @throws RelayError `relay/cannot-listen` */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new RelayError('relay/cannot-listen', { details: { host, port, reason: codeOf(cause) }, cause })
  }
  return (server.address() as AddressInfo).port
}

/** ws knows these since 8.19 and 8.21; its published types do not yet. */
interface BoundedOptions extends ServerOptions {
  readonly maxFragments: number
  readonly maxBufferedChunks: number
  readonly closeTimeout: number
}

/** Chunks of one frame that wait for its end: 9 bytes a chunk would still reach the largest message. */
const MAX_BUFFERED_CHUNKS = 256 * 1024

export type Accept = (ws: WebSocket, socket: Socket, request: IncomingMessage) => void

/** Upgrades every WebSocket request of the server; compression is never agreed to. */
export function acceptWebSockets(server: Server, limits: RelayLimits, accept: Accept): void {
  const options: BoundedOptions = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: limits.fragments,
    maxBufferedChunks: MAX_BUFFERED_CHUNKS,
    closeTimeout: CLOSE_MS,
    // The connection answers pings itself, within its budget.
    autoPong: false,
    skipUTF8Validation: true,
  }
  const upgrader = new WebSocketServer(options)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrader.handleUpgrade(request, socket, head, (ws) => accept(ws, socket as Socket, request))
  })
}
