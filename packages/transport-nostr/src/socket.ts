/** The WebSocket to a relay: the runtime's own class, or one that is passed in. Text messages only. */
import { NostrError } from './errors.js'

export interface SocketEvents {
  opened(): void
  /** Null for a message that is not text. */
  received(message: string | null): void
  /** The end, whatever the reason; also when it never opened. Once. */
  closed(): void
}

export interface RelaySocket {
  send(message: string): void
  close(): void
}

export type OpenSocket = (url: string, events: SocketEvents) => RelaySocket

/** What is used of the standard WebSocket class; `ws` has the same. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(data: string): void
  close(): void
}

export type WebSocketConstructor = new (url: string) => WebSocketLike

export function openWebSocket(WebSocketClass: WebSocketConstructor): OpenSocket {
  return (url, events) => {
    const socket = new WebSocketClass(url)
    socket.onopen = () => events.opened()
    socket.onmessage = (event: { readonly data: unknown }) =>
      events.received(typeof event.data === 'string' ? event.data : null)
    // 'close' follows, and says no less than an error event does.
    socket.onerror = () => {}
    socket.onclose = () => events.closed()
    return { send: (message) => socket.send(message), close: () => socket.close() }
  }
}

/** @throws NostrError `nostr/no-websocket` */
export function globalWebSocket(): WebSocketConstructor {
  const { WebSocket: found } = globalThis as { WebSocket?: unknown }
  if (typeof found !== 'function') throw new NostrError('nostr/no-websocket')
  return found as WebSocketConstructor
}
