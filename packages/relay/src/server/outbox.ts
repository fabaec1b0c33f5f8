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

export function createOutbox(ws: WebSocket, socket: Socket, traffic: TrafficLog | undefined): Outbox {
  let gathered: Reply[] = []
  let bytes = 0
  let scheduled = false

  const send = (replies: readonly Reply[]): void => {
    const message = encodeReplies(replies)
    traffic?.sent(message)
    ws.send(message)
  }
  const flush = (): void => {
    scheduled = false
    const replies = gathered
    if (replies.length === 0) return
    gathered = []
    bytes = 0
    if (ws.readyState !== ws.OPEN) return
    socket.cork()
    for (const part of parts(replies)) send(part)
    socket.uncork()
  }
  return {
    push: (reply) => {
      gathered.push(reply)
      bytes += replyBytes(reply)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
    waiting: () => bytes + socket.writableLength,
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
