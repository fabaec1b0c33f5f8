/** WebSockets on Node, through `ws`: Node 20 has none of its own, and none listens. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import { DIAL_TIMEOUT_MS, MAX_WEBSOCKET_MESSAGE_BYTES } from './limits.js'
import type { Connected, Listening, PlatformComponents } from './platform.js'
import { type WebSocketAddress, type WebSocketLike, webSocketBytes, webSocketUrl } from './websocket.js'

/** ws knows `maxFragments` since 8.21; its published types do not yet. */
interface Bounds {
  readonly perMessageDeflate: false
  readonly maxPayload: number
  readonly maxFragments: number
}

const BOUNDS: Bounds = { perMessageDeflate: false, maxPayload: MAX_WEBSOCKET_MESSAGE_BYTES, maxFragments: 16 }

export function dialWebSocket(
  address: WebSocketAddress,
  events: ByteEvents,
  { clock }: PlatformComponents,
): ByteSocket {
  const socket = new WebSocket(webSocketUrl(address), { ...BOUNDS, handshakeTimeout: DIAL_TIMEOUT_MS })
  return webSocketBytes(socket as unknown as WebSocketLike, events, clock)
}

/** Without TLS: a `wss` address is served by a proxy in front. @throws LinkError `link/bad-address` */
export async function listenForWebSockets(
  address: WebSocketAddress,
  connected: Connected,
  { clock }: PlatformComponents,
): Promise<Listening> {
  if (address.kind === 'wss') throw new LinkError('link/bad-address')
  const http = createServer((_, response) => response.writeHead(426).end())
  const server = new WebSocketServer({ ...BOUNDS, noServer: true } as ServerOptions)
  http.on('upgrade', (request, socket, head) => {
    if (new URL(request.url ?? '', 'ws://any').pathname !== address.path) return socket.destroy()
    server.handleUpgrade(request, socket, head, (accepted) =>
      connected((events) => webSocketBytes(accepted as unknown as WebSocketLike, events, clock)),
    )
    return socket
  })
  http.listen(address.port, address.host)
  try {
    await once(http, 'listening')
  } catch (cause) {
    throw new LinkError('link/bad-address', { cause })
  }
  return {
    address: { ...address, port: (http.address() as AddressInfo).port },
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate()
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
