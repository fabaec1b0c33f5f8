/** Bytes over a WebSocket: the runtime's own class, or `ws`, in binary messages. */
import type { Clock } from '@hyphae/core'
import type { Address } from './address.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { createHolding } from './holding.js'
import { DIAL_TIMEOUT_MS, DRAIN_POLL_MS, SEND_BUFFER_BYTES } from './limits.js'

/** What is used of the standard class. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(data: Uint8Array): void
  close(): void
  /** Of `ws` alone: stops reading, so that the other side is held up. */
  pause?(): void
  resume?(): void
  terminate?(): void
}

export type WebSocketAddress = Extract<Address, { kind: 'ws' | 'wss' }>

const CONNECTING = 0
const OPEN = 1

/** Opens or is open; closes by itself unless it opens in time. */
export function webSocketBytes(socket: WebSocketLike, events: ByteEvents, clock: Clock): ByteSocket {
  const gone = new AbortController()
  let early: Uint8Array[] = []
  socket.binaryType = 'arraybuffer'
  const close = (): void => {
    if (socket.terminate !== undefined) socket.terminate()
    else socket.close()
    ended()
  }
  const ended = (): void => {
    if (gone.signal.aborted) return
    gone.abort()
    events.closed()
  }
  const holding = createHolding(socket, events.received, close)
  const opened = (): void => {
    for (const bytes of early) socket.send(bytes)
    early = []
  }
  socket.onopen = opened
  socket.onerror = () => {}
  socket.onclose = ended
  socket.onmessage = (event: { readonly data: unknown }) => {
    if (gone.signal.aborted) return
    if (event.data instanceof ArrayBuffer) holding.take(new Uint8Array(event.data))
    else close()
  }
  const late = async (): Promise<void> => {
    await clock.sleep(DIAL_TIMEOUT_MS, gone.signal, true)
    if (socket.readyState !== OPEN) close()
  }
  if (socket.readyState !== OPEN) void late().catch(() => {})
  const full = (): boolean => socket.bufferedAmount > SEND_BUFFER_BYTES
  return {
    write: (bytes) => {
      if (gone.signal.aborted) return true
      if (socket.readyState === OPEN) socket.send(bytes)
      else if (socket.readyState === CONNECTING) early.push(bytes.slice())
      // It is closing, and says so a turn later: until then nothing may be taken for sent.
      else close()
      return !full()
    },
    // The standard class has no event that says so.
    drained: async () => {
      while (full() && !gone.signal.aborted)
        await clock.sleep(DRAIN_POLL_MS, gone.signal, true).catch(() => {})
    },
    pause: holding.pause,
    resume: holding.resume,
    close,
  }
}

export function webSocketUrl({ kind, host, port, path }: WebSocketAddress): string {
  return `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`
}
