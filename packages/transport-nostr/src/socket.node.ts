/** The WebSocket class on Node, through `ws`: Node 20 has none of its own, and this one bounds what it reads. */
import { type ClientOptions, WebSocket } from 'ws'
import { CLOSE_TIMEOUT_MS, CONNECT_TIMEOUT_MS, MAX_RELAY_MESSAGE_BYTES } from './limits.js'
import type { WebSocketConstructor } from './socket.js'

/** ws knows these since 8.19 and 8.21; its published types do not yet. */
interface BoundedOptions extends ClientOptions {
  readonly closeTimeout: number
  readonly maxFragments: number
}

const OPTIONS: BoundedOptions = {
  perMessageDeflate: false,
  maxPayload: MAX_RELAY_MESSAGE_BYTES,
  maxFragments: 256,
  handshakeTimeout: CONNECT_TIMEOUT_MS,
  closeTimeout: CLOSE_TIMEOUT_MS,
}

class BoundedWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, OPTIONS)
  }
}

export const nodeWebSocket: WebSocketConstructor = BoundedWebSocket as unknown as WebSocketConstructor
