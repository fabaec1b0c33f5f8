/** Streams over UDP on Node: one socket for all that are accepted, one for each that is dialled. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Address } from './address.js'
import { UDP_PACE } from './arq/pace.js'
import { createStreams } from './arq/port.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import type { Connected, Listening, PlatformComponents } from './platform.js'

export type UdpAddress = Extract<Address, { kind: 'udp' }>

const PEER = 'the one that is dialled'

function socketFor({ host }: UdpAddress): Socket {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  // Of a datagram that could not be sent nothing more is known than of one that was lost.
  socket.on('error', () => {})
  return socket
}

const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

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
  const streams = createStreams({
    ...components,
    pace: UDP_PACE,
    send: (datagram, to) => {
      const at = to.lastIndexOf(' ')
      if (closing === undefined) socket.send(datagram, Number(to.slice(at + 1)), to.slice(0, at))
    },
  })
  socket.on('message', (bytes, { address: host, port }) => streams.heard(plain(bytes), `${host} ${port}`))
  streams.listen(connected)
  socket.bind(address.port, address.host)
  await bound(socket)
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
