/** Unix sockets and TCP on Node. Where a server socket stands is the caller's to say; a Unix socket is its owner's alone. */
import { once } from 'node:events'
import { chmod, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address } from './address.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import { DIAL_TIMEOUT_MS } from './limits.js'
import type { Connected, Listening } from './platform.js'

/** What node:net serves. */
export type StreamAddress = Extract<Address, { kind: 'unix' | 'tcp' }>

function wrap(socket: Socket, events: ByteEvents): ByteSocket {
  socket.setNoDelay(true)
  socket.on('data', (bytes: Buffer) =>
    events.received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
  )
  // 'close' follows, and says no less.
  socket.on('error', () => {})
  socket.on('close', () => events.closed())
  return {
    write: (bytes) => socket.write(bytes),
    drained: () => {
      if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve()
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off('drain', done)
          socket.off('close', done)
          resolve()
        }
        socket.on('drain', done)
        socket.on('close', done)
      })
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.destroy(),
  }
}

const target = (address: StreamAddress): { path: string } | { host: string; port: number } =>
  address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }

export function dialStream(address: StreamAddress, events: ByteEvents): ByteSocket {
  const socket = connect(target(address))
  const timer = setTimeout(() => socket.destroy(), DIAL_TIMEOUT_MS)
  const stop = (): void => clearTimeout(timer)
  socket.once('connect', stop)
  socket.once('close', stop)
  return wrap(socket, events)
}

export async function listenForStreams(address: StreamAddress, connected: Connected): Promise<Listening> {
  const server = createServer((socket) => connected((events) => wrap(socket, events)))
  try {
    await bind(server, address)
  } catch (cause) {
    throw new LinkError('link/bad-address', { cause })
  }
  const bound = server.address()
  return {
    address:
      bound !== null && typeof bound === 'object' && address.kind === 'tcp'
        ? { ...address, port: bound.port }
        : address,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function bind(server: Server, address: StreamAddress): Promise<void> {
  server.listen(target(address))
  try {
    await once(server, 'listening')
  } catch (error) {
    if (address.kind !== 'unix' || !(await isAbandoned(error, address.path))) throw error
    await unlink(address.path)
    server.listen(target(address))
    await once(server, 'listening')
  }
  if (address.kind === 'unix') await chmod(address.path, 0o600)
}

/** A socket file that nobody listens at: a process that was killed has left it. */
async function isAbandoned(error: unknown, path: string): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return false
  const probe = connect({ path })
  try {
    await once(probe, 'connect')
    return false
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    probe.destroy()
  }
}
