/** Streams over UDP on Node: one socket for all that are accepted, one for each that is dialled. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { lookup as resolveName } from 'node:dns'
import { once } from 'node:events'
import { isIP, isIPv6 } from 'node:net'
import type { Address } from './address.js'
import { UDP_PACE } from './arq/pace.js'
import { createStreams } from './arq/port.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import type { Connected, Listening, PlatformComponents } from './platform.js'

export type UdpAddress = Extract<Address, { kind: 'udp' }>

const PEER = 'the one that is dialled'

/** A datagram is answered where it came from, which has no name to look up: asking costs more than sending. */
const lookup: NonNullable<SocketOptions['lookup']> = (host, options, done) => {
  const family = isIP(host)
  if (family === 0) resolveName(host, options, done)
  else done(null, host, family)
}

function socketFor({ host }: UdpAddress): Socket {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', lookup })
  // Of a datagram that could not be sent nothing more is known than of one that was lost.
  socket.on('error', () => {})
  return socket
}

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

/** Where a datagram came from; its text names it among streams. */
interface Place {
  readonly text: string
  readonly host: string
  readonly port: number
}

function placeOf(text: string): Place {
  const at = text.lastIndexOf(' ')
  return { text, host: text.slice(0, at), port: Number(text.slice(at + 1)) }
}

export function dialUdp(address: UdpAddress, events: ByteEvents, components: PlatformComponents): ByteSocket {
  const socket = socketFor(address)
  let early: Uint8Array[] | undefined = []
  let closed = false
  const streams = createStreams({
    ...components,
    pace: UDP_PACE,
    send: (datagram) => {
      if (early !== undefined) early.push(datagram)
      else if (!closed) socket.send(datagram)
    },
  })
  socket.on('message', (bytes) => streams.heard(plain(bytes), PEER))
  socket.on('connect', () => {
    for (const datagram of early ?? []) socket.send(datagram)
    early = undefined
  })
  socket.connect(address.port, address.host)
  const stream = streams.dial(PEER, {
    received: events.received,
    closed: () => {
      closed = true
      // After the farewell that was just given to it.
      setImmediate(() => socket.close())
      events.closed()
    },
  })
  // The other machine says that nobody is there, or the name has no address; no need to wait for silence to say it.
  socket.on('error', () => stream.close())
  return stream
}

/** @throws LinkError `link/bad-address` */
export async function listenForUdp(
  address: UdpAddress,
  connected: Connected,
  components: PlatformComponents,
): Promise<Listening> {
  const socket = socketFor(address)
  let closing: Promise<unknown> | undefined
  let last: Place | undefined
  const streams = createStreams({
    ...components,
    pace: UDP_PACE,
    send: (datagram, to) => {
      if (to !== last?.text) last = placeOf(to)
      if (closing === undefined) socket.send(datagram, last.port, last.host)
    },
  })
  socket.on('message', (bytes, { address: host, port }) => streams.heard(plain(bytes), `${host} ${port}`))
  streams.listen(connected)
  // Heard of before it can happen: an address is bound without waiting.
  const ready = bound(socket)
  socket.bind(address.port, address.host)
  await ready
  return {
    address: { ...address, port: socket.address().port },
    close: async () => {
      if (closing === undefined) {
        streams.close()
        closing = once(socket, 'close')
        // After the farewells that were just given to it.
        setImmediate(() => socket.close())
      }
      await closing
    },
  }
}

async function bound(socket: Socket): Promise<void> {
  const failed = new AbortController()
  const refused = once(socket, 'error', { signal: failed.signal }).then(([cause]) => {
    throw new LinkError('link/bad-address', { cause })
  })
  refused.catch(() => {})
  try {
    await Promise.race([once(socket, 'listening', { signal: failed.signal }), refused])
  } finally {
    failed.abort()
  }
}
