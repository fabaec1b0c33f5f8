/** The socket on Node, through `ws`: Node 20 has no WebSocket of its own, and this one bounds what it reads. */
import { type ClientOptions, WebSocket } from 'ws'
import { CLOSE_TIMEOUT_MS, CONNECT_TIMEOUT_MS, MAX_MESSAGE_BYTES } from './limits.js'
import type { OpenSocket } from './socket.js'

/** ws knows these since 8.19 and 8.21; its published types do not yet. */
interface BoundedOptions extends ClientOptions {
  readonly closeTimeout: number
  readonly maxFragments: number
}

const OPTIONS: BoundedOptions = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: 256,
  handshakeTimeout: CONNECT_TIMEOUT_MS,
  closeTimeout: CLOSE_TIMEOUT_MS,
}

export const openNodeSocket: OpenSocket = (url, events) => {
  const socket = new WebSocket(url, OPTIONS)
  socket.on('message', (data: Buffer, binary: boolean) => {
    events.received(binary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null)
  })
  // 'close' follows, and says no less.
  socket.on('error', () => {})
  socket.on('close', () => events.closed())
  return { send: (message) => socket.send(message), close: () => socket.close() }
}
