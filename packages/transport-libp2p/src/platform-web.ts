/** Browsers: WebSocket to dial with, nothing to listen with. */
import type { Platform } from './platform.js'
import { polyfillPromise } from './polyfill.js'

export const webPlatform: Platform = {
  prepare: polyfillPromise,
  load: async () => {
    const { webSockets } = await import('@libp2p/websockets')
    return { transports: [webSockets()], nearby: [] }
  },
  listens: false,
}
