/** A WebSocket client made of a bare TCP socket, to send what no library would. RFC 6455 section 5. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawSocket {
  readonly socket: Socket
  /** Everything received after the HTTP response. */
  received(): Buffer
  readonly response: string
  /** Resolves when the other side has ended or reset the connection. */
  readonly closed: Promise<void>
}

export async function rawConnect(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

export function closedOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    socket.once('close', () => resolve())
    socket.once('end', () => socket.destroy())
    // Unread bytes would keep the end from being seen.
    socket.resume()
  })
}

export const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

/** Connects and upgrades; `headers` are further lines of the request. */
export async function rawWebSocket(port: number, headers: readonly string[] = []): Promise<RawSocket> {
  const socket = await rawConnect(port)
  let bytes = Buffer.alloc(0)
  let head = -1
  const upgraded = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data])
      if (head < 0) head = bytes.indexOf('\r\n\r\n')
      if (head >= 0) resolve()
    })
  })
  const closed = closedOf(socket)
  socket.write(`${[...UPGRADE, ...headers].join('\r\n')}\r\n\r\n`)
  await Promise.race([upgraded, closed])
  return {
    socket,
    closed,
    response: bytes.subarray(0, head).toString('latin1'),
    received: () => bytes.subarray(head + 4),
  }
}

export const BINARY = 0x2
export const CONTINUATION = 0x0
export const PING = 0x9

/** A masked frame under the mask 0, so that the payload stays as it is. */
export function rawFrame(opcode: number, payload: Uint8Array, last = true): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 6 : 8)
  head[0] = (last ? 0x80 : 0) | opcode
  head[1] = 0x80 | Math.min(payload.length, 126)
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

/** Payloads of the unmasked frames in what a server sent. */
export function rawPayloads(bytes: Buffer): Buffer[] {
  const payloads: Buffer[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    let length = (bytes[at + 1] as number) & 0x7f
    let start = at + 2
    if (length === 126) {
      length = bytes.readUInt16BE(at + 2)
      start = at + 4
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at + 2))
      start = at + 10
    }
    if (start + length > bytes.length) break
    payloads.push(bytes.subarray(start, start + length))
    at = start + length
  }
  return payloads
}
