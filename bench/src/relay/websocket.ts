// A bare WebSocket client: one socket write a turn, masked as RFC 6455 asks, no library between it and the server.
import type { Socket } from 'node:net'
import { connectTo } from './processes.ts'

export const UPGRADE =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

/** Not zero: servers skip the work of unmasking for a mask of zeros. */
const MASK = Buffer.from([0x5a, 0xc3, 0x17, 0x88])
const MASK_WORD = MASK.readUInt32LE(0)
const BINARY_FINAL = 0x82

export interface RawSocket {
  readonly socket: Socket
  onMessage: (message: Buffer) => void
}

/** A masked binary frame; `payload` must lie on a 4-byte boundary at its start and is not changed. */
export function maskedFrame(payload: Uint8Array): Buffer {
  const { length } = payload
  const head = length < 126 ? 6 : length < 65_536 ? 8 : 14
  // The payload lands on a word: it is masked by words.
  const pad = (4 - (head & 3)) & 3
  const memory = Buffer.allocUnsafeSlow(pad + head + ((length + 3) & ~3))
  const frame = memory.subarray(pad, pad + head + length)
  frame[0] = BINARY_FINAL
  if (length < 126) frame[1] = 0x80 | length
  else if (length < 65_536) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeUInt32BE(0, 2)
    frame.writeUInt32BE(length, 6)
  }
  MASK.copy(frame, head - 4)
  frame.set(payload, head)
  const words = new Int32Array(memory.buffer, pad + head, (length + 3) >> 2)
  for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) ^ MASK_WORD
  return frame
}

/** Calls `take` with each whole payload in `bytes`; returns what is left. */
function takeFrames(bytes: Buffer, take: (payload: Buffer) => void): Buffer {
  let at = 0
  while (bytes.length - at >= 2) {
    let length = (bytes[at + 1] as number) & 0x7f
    let head = 2
    if (length === 126) {
      if (bytes.length - at < 4) break
      length = bytes.readUInt16BE(at + 2)
      head = 4
    } else if (length === 127) {
      if (bytes.length - at < 10) break
      length = bytes.readUInt32BE(at + 6)
      head = 10
    }
    if (bytes.length - at < head + length) break
    if (bytes[at] === BINARY_FINAL) take(bytes.subarray(at + head, at + head + length))
    at += head + length
  }
  return bytes.subarray(at)
}

/** Resolves after the upgrade; messages that follow at once are given to `onMessage` of the returned socket. */
export async function openWebSocket(port: number, onMessage: (message: Buffer) => void): Promise<RawSocket> {
  const socket = await connectTo(port)
  const raw: RawSocket = { socket, onMessage }
  const take = (payload: Buffer): void => raw.onMessage(payload)
  let rest: Buffer = Buffer.alloc(0)
  await new Promise<void>((resolve, reject) => {
    let upgraded = false
    socket.on('data', (data) => {
      rest = rest.length === 0 ? data : Buffer.concat([rest, data])
      if (!upgraded) {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0) return
        upgraded = true
        rest = rest.subarray(end + 4)
        resolve()
      }
      rest = takeFrames(rest, take)
    })
    socket.on('error', reject)
    socket.write(UPGRADE)
  })
  return raw
}
