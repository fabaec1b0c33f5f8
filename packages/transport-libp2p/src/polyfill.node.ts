/** Node 20 has no WebSocket of its own; `ws` brings one, which libp2p dials with. */
import { WebSocket } from 'ws'

export function polyfillWebSocket(): void {
  const target = globalThis as { WebSocket?: unknown }
  target.WebSocket ??= WebSocket
}
