/** Node: TCP and WebSocket, both to dial and to listen, and mDNS. */
import type { Platform } from './platform.js'
import { polyfillPromise } from './polyfill.js'
import { polyfillWebSocket } from './polyfill.node.js'

export const nodePlatform: Platform = {
  prepare: () => {
    polyfillPromise()
    polyfillWebSocket()
  },
  load: async () => {
    const [{ tcp }, { webSockets }, { mdns }] = await Promise.all([
      import('@libp2p/tcp'),
      import('@libp2p/websockets'),
      import('@libp2p/mdns'),
    ])
    return { transports: [tcp(), webSockets()], nearby: [mdns()] }
  },
  listens: true,
}
