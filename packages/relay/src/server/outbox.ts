/**
 * Answers on their way to one peer: gathered during a turn, sent as few messages in one socket write.
 *
 * Coalescing is what makes a relay fast: a send costs a system call, an operation in a message costs nothing.
 */
import type { Socket } from 'node:net'
import { encodeReplies, MAX_OPERATIONS, type Reply, replyBytes } from '@hyphae/transport-relay/wire'
import type { WebSocket } from 'ws'
import { TARGET_MESSAGE_BYTES } from '../limits.js'
import type { TrafficLog } from './traffic.js'

export interface Outbox {
  push(reply: Reply): void
  /** Bytes that the peer has not read: gathered here, or in the socket's buffer. */
  waiting(): number
  /** Sends what is gathered now instead of at the end of the turn. */
  flush(): void
}

/** RFC 6455 section 5.2: final, binary, not masked, with a length of 64 bits. */
const MAX_FRAME_HEADER_BYTES = 10
const BINARY_FINAL = 0x82

/** Puts the header before the payload, which begins at MAX_FRAME_HEADER_BYTES: one buffer is one socket write. */
function withFrameHeader(framed: Uint8Array): Uint8Array {
  const length = framed.length - MAX_FRAME_HEADER_BYTES
  const start = length < 126 ? 8 : length < 65_536 ? 6 : 0
  framed[start] = BINARY_FINAL
  if (start === 8) framed[9] = length
  else {
    framed[start + 1] = start === 6 ? 126 : 127
    for (let at = 9, rest = length; at > start + 1; at--, rest = Math.floor(rest / 256))
      framed[at] = rest & 0xff
  }
  return start === 0 ? framed : framed.subarray(start)
}

export function createOutbox(ws: WebSocket, socket: Socket, traffic: TrafficLog | undefined): Outbox {
  let gathered: Reply[] = []
  let gatheredBytes = 0
  let scheduled = false

  const send = (replies: readonly Reply[]): void => {
    // From Node's pool: memory of its own for each message is what collecting garbage takes longest for. Not where it
    // would wait for the peer, as a few bytes then hold all that lies beside them in the pool.
    const pooled = socket.writableLength === 0 ? Buffer.allocUnsafe : undefined
    const framed = encodeReplies(replies, MAX_FRAME_HEADER_BYTES, pooled)
    traffic?.sent(framed.subarray(MAX_FRAME_HEADER_BYTES))
    socket.write(withFrameHeader(framed))
  }
  const flush = (): void => {
    scheduled = false
    const replies = gathered
    if (replies.length === 0) return
    const bytes = gatheredBytes
    gathered = []
    gatheredBytes = 0
    if (ws.readyState !== ws.OPEN) return
    if (bytes <= TARGET_MESSAGE_BYTES && replies.length <= MAX_OPERATIONS) send(replies)
    else {
      socket.cork()
      for (const part of parts(replies)) send(part)
      socket.uncork()
    }
  }
  return {
    push: (reply) => {
      gathered.push(reply)
      gatheredBytes += replyBytes(reply)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
    waiting: () => gatheredBytes + socket.writableLength,
    flush,
  }
}

/** Cuts a list of answers into messages. */
function* parts(replies: readonly Reply[]): Generator<readonly Reply[]> {
  let start = 0
  let bytes = 0
  for (let i = 0; i < replies.length; i++) {
    const length = replyBytes(replies[i] as Reply)
    if (i > start && (bytes + length > TARGET_MESSAGE_BYTES || i - start === MAX_OPERATIONS)) {
      yield replies.slice(start, i)
      start = i
      bytes = 0
    }
    bytes += length
  }
  yield start === 0 ? replies : replies.slice(start)
}
