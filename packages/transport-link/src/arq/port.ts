/**
 * Streams over one port of datagrams: who dials, who is dialled, and which datagram belongs to which stream.
 *
 * A stranger's hello is answered with a cookie and remembered by nobody: only who receives at the address it names can
 * go on (as in RFC 6347, section 4.2.1), so forged addresses take no memory and are sent no more bytes than came.
 */
import { type Clock, utf8 } from '@hyphae/core'
import { type CryptoProvider, constantTimeEqual } from '@hyphae/crypto'
import type { ByteEvents, ByteSocket } from '../byte-socket.js'
import { COOKIE_MS, DIAL_TIMEOUT_MS, MAX_STREAMS, SLOW_FACTOR } from '../limits.js'
import type { Connected } from '../platform.js'
import type { Pace } from './pace.js'
import { COOKIE_BYTES, decodePacket, encodePacket, type Packet } from './packet.js'
import { type ArqStream, createStream } from './stream.js'

export interface DatagramPort {
  readonly pace: Pace
  readonly clock: Clock
  readonly crypto: Pick<CryptoProvider, 'randomBytes' | 'hmacSha256'>
  /** May lose it. `to` is what `heard` was given as `from`. */
  send(datagram: Uint8Array, to: string): void
}

export interface Streams {
  /** A datagram came. */
  heard(datagram: Uint8Array, from: string): void
  dial(to: string, events: ByteEvents): ByteSocket
  /** Strangers are answered from now on. */
  listen(connected: Connected): void
  /** The port is gone for now: all streams end; strangers are answered when it is back. */
  drop(): void
  close(): void
}

interface Entry {
  readonly stream: ArqStream
  /** While the other side has not answered; its end says that it has. Only of streams that were dialled here. */
  readonly greeting: AbortController | undefined
  cookie: Uint8Array | undefined
}

interface State {
  readonly port: DatagramPort
  readonly secret: Uint8Array
  readonly streams: Map<string, Entry>
  connected: Connected | undefined
}

export function createStreams(port: DatagramPort): Streams {
  const state: State = {
    port,
    secret: port.crypto.randomBytes(32),
    streams: new Map(),
    connected: undefined,
  }
  return {
    heard: (datagram, from) => {
      const packet = decodePacket(datagram)
      if (packet !== null) heard(state, packet, from)
    },
    dial: (to, events) => dial(state, to, events),
    listen: (connected) => {
      state.connected = connected
    },
    drop: () => drop(state),
    close: () => {
      state.connected = undefined
      drop(state)
    },
  }
}

function drop({ streams }: State): void {
  for (const { stream } of [...streams.values()]) stream.socket.close()
}

function send({ port }: State, packet: Packet, to: string): void {
  port.send(encodePacket(packet), to)
}

function nameOf(from: string, id: number): string {
  return `${id} ${from}`
}

function cookieOf({ port, secret }: State, from: string, id: number, slot: number): Uint8Array {
  return port.crypto.hmacSha256(secret, utf8(`${slot} ${nameOf(from, id)}`)).slice(0, COOKIE_BYTES)
}

function slotOf({ port }: State): number {
  return Math.floor(port.clock.now() / COOKIE_MS)
}

function add(state: State, to: string, id: number, events: ByteEvents, dialled: boolean): Entry {
  const name = nameOf(to, id)
  const greeting = dialled ? new AbortController() : undefined
  const stream = createStream({
    id,
    pace: state.port.pace,
    clock: state.port.clock,
    events,
    send: (packet) => send(state, packet, to),
    ended: () => {
      greeting?.abort()
      state.streams.delete(name)
    },
  })
  const entry: Entry = { stream, greeting, cookie: undefined }
  state.streams.set(name, entry)
  return entry
}

function dial(state: State, to: string, events: ByteEvents): ByteSocket {
  const id = new DataView(state.port.crypto.randomBytes(4).buffer).getUint32(0)
  const entry = add(state, to, id, events, true)
  void greet(state, entry, id, to)
  return entry.stream.socket
}

/** Hello, and then open, again and again, until the other side speaks, or has not spoken in time. */
async function greet(state: State, entry: Entry, id: number, to: string): Promise<void> {
  const { clock, pace } = state.port
  const signal = (entry.greeting as AbortController).signal
  const until = clock.now() + DIAL_TIMEOUT_MS * (pace.slow ? SLOW_FACTOR : 1)
  while (!signal.aborted && clock.now() < until) {
    const { cookie } = entry
    send(state, cookie === undefined ? { kind: 'hello', id } : { kind: 'open', id, cookie }, to)
    await clock.sleep(pace.firstRetransmitMs / 2, signal, true).catch(() => {})
  }
  if (!signal.aborted) entry.stream.end()
}

function heard(state: State, packet: Packet, from: string): void {
  const entry = state.streams.get(nameOf(from, packet.id))
  switch (packet.kind) {
    case 'hello': {
      if (state.connected === undefined) return
      const cookie = cookieOf(state, from, packet.id, slotOf(state))
      send(state, { kind: 'cookie', id: packet.id, cookie }, from)
      return
    }
    case 'cookie':
      proceed(state, entry, packet.id, packet.cookie, from)
      return
    case 'open':
      opened(state, packet.id, packet.cookie, from)
      return
    case 'close':
      entry?.stream.end()
      return
    default:
      if (entry === undefined) {
        // Who has heard nothing yet may only be ahead of its own opening, and will be heard after it.
        if (packet.kind === 'data' && packet.report.next > 0)
          send(state, { kind: 'close', id: packet.id }, from)
        return
      }
      // Not once more for each datagram: aborting makes an error object even when nothing is left to abort.
      if (entry.greeting?.signal.aborted === false) entry.greeting.abort()
      entry.stream.heard(packet)
  }
}

/** A cookie came: bytes may follow at once, nobody has to wait for the answer. */
function proceed(state: State, entry: Entry | undefined, id: number, cookie: Uint8Array, from: string): void {
  if (entry?.greeting === undefined || entry.cookie !== undefined) return
  entry.cookie = cookie
  send(state, { kind: 'open', id, cookie }, from)
  entry.stream.open()
}

function opened(state: State, id: number, cookie: Uint8Array, from: string): void {
  const now = slotOf(state)
  const given = [now, now - 1].some((slot) => constantTimeEqual(cookieOf(state, from, id, slot), cookie))
  if (!given) return
  const known = state.streams.get(nameOf(from, id))
  if (known !== undefined) known.stream.acknowledge()
  if (known !== undefined || state.connected === undefined || state.streams.size >= MAX_STREAMS) return
  state.connected((events) => {
    const { stream } = add(state, from, id, events, false)
    stream.open()
    stream.acknowledge()
    return stream.socket
  })
}
