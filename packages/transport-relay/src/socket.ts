/** The WebSocket a carrier speaks through: the runtime's own, or one that is passed in. */
import { RelayCarrierError } from './errors.js'

export interface SocketEvents {
  /** Null for a message that is not binary. */
  received(message: Uint8Array | null): void
  /** The end, whatever the reason; also when it never opened. Once. */
  closed(): void
}

export interface RelaySocket {
  send(message: Uint8Array): void
  close(): void
}

export type OpenSocket = (url: string, events: SocketEvents) => RelaySocket

/** What is used of the standard WebSocket class. */
export interface WebSocketLike {
  binaryType: string
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  /** Bytes that no other thread shares, in words that compilers before TypeScript 5.7 read too. */
  send(data: Uint8Array & { readonly buffer: ArrayBuffer }): void
  close(): void
}

export type WebSocketConstructor = new (url: string) => WebSocketLike

/** A socket of a class with the standard interface. */
export function openWebSocket(WebSocketClass: WebSocketConstructor): OpenSocket {
  return (url, events) => {
    const socket = new WebSocketClass(url)
    socket.binaryType = 'arraybuffer'
    socket.onmessage = (event: { readonly data: unknown }) =>
      events.received(event.data instanceof ArrayBuffer ? new Uint8Array(event.data) : null)
    // 'close' follows, and says no less than an error event does.
    socket.onerror = () => {}
    socket.onclose = () => events.closed()
    return {
      send: (message) => socket.send(message as Parameters<WebSocketLike['send']>[0]),
      close: () => socket.close(),
    }
  }
}

function globalWebSocket(): WebSocketConstructor {
  const { WebSocket: found } = globalThis as { WebSocket?: unknown }
  if (typeof found !== 'function') throw new RelayCarrierError('relay-carrier/no-websocket')
  return found as WebSocketConstructor
}

/** The WebSocket of the runtime. */
export const openGlobalSocket: OpenSocket = (url, events) => openWebSocket(globalWebSocket())(url, events)

/** @throws RelayCarrierError `relay-carrier/no-websocket` */
export function checkGlobalSocket(): void {
  globalWebSocket()
}
