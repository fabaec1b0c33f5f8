/** The HTTP side of the port: health, and the upgrade to WebSocket with its deadlines. spec/relay.md 1 and 6. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_MESSAGE_BYTES } from '@hyphae/transport-relay/wire'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { CLOSE_MS, MAX_HTTP_HEADER_BYTES, type RelayLimits } from '../limits.js'

function respond(request: IncomingMessage, response: ServerResponse): void {
  const health = request.method === 'GET' && request.url === '/health'
  const body = health ? 'ok\n' : 'WebSocket only\n'
  response.writeHead(health ? 200 : 426, {
    'content-type': 'text/plain',
    'content-length': body.length,
    ...(health ? {} : { connection: 'Upgrade', upgrade: 'websocket' }),
  })
  response.end(body)
}

export function createHttpServer(limits: RelayLimits): Server {
  const { handshakeMs } = limits
  const server = createServer(
    {
      maxHeaderSize: MAX_HTTP_HEADER_BYTES,
      headersTimeout: handshakeMs,
      requestTimeout: handshakeMs,
      keepAliveTimeout: handshakeMs,
      connectionsCheckingInterval: Math.max(50, handshakeMs / 4),
      noDelay: true,
    },
    respond,
  )
  server.maxConnections = limits.connections
  return server
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
