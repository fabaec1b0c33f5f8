/** Browsers and their like: they dial WebSockets, and are reached through data channels. */
import { LinkError } from './errors.js'
import type { Platform } from './platform.js'
import { type WebSocketLike, webSocketBytes, webSocketUrl } from './websocket.js'

type WebSocketConstructor = new (url: string) => WebSocketLike

export const webPlatform: Platform = {
  dial: (address, events, { clock }) => {
    const { WebSocket: found } = globalThis as { WebSocket?: WebSocketConstructor }
    if (found === undefined || (address.kind !== 'ws' && address.kind !== 'wss'))
      throw new LinkError('link/no-sockets')
    return webSocketBytes(new found(webSocketUrl(address)), events, clock)
  },
  listen: () => Promise.reject(new LinkError('link/no-sockets')),
}
