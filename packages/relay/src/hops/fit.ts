/** Makes answers fit into what a sealed answer holds: pages are cut, the rest is refused. spec/relay-hops.md section 3. */
import {
  FAILURES,
  MESSAGE_HEADER_BYTES,
  OPERATION_HEADER_BYTES,
  type Reply,
  replyBytes,
} from '@hyphae/transport-relay/wire'

/** Code and time to wait. */
const FAILURE_BYTES: number = OPERATION_HEADER_BYTES + 6

function tooLarge(request: number): Reply {
  return { kind: 'failure', request, code: FAILURES['answer-too-large'], retryAfterMs: 0 }
}

/** Most items whose bytes stay within the room, and at least one; undefined when the first does not fit. */
function cut<T>(items: readonly T[], bytesOf: (item: T) => number, room: number): readonly T[] | undefined {
  let bytes = 0
  const end = items.findIndex((item) => {
    bytes += bytesOf(item)
    return bytes > room
  })
  return end === 0 ? undefined : items.slice(0, end < 0 ? items.length : end)
}

/** Cursor or hint and length around a frame. */
const DELIVERY_BYTES = 10
const BUCKET_FRAME_BYTES = 18

function shortened(reply: Reply, room: number): Reply {
  if (reply.kind === 'deliveries') {
    const around = replyBytes({ ...reply, deliveries: [] })
    const kept = cut(reply.deliveries, ({ frame }) => DELIVERY_BYTES + frame.length, room - around)
    return kept === undefined ? tooLarge(reply.request) : { ...reply, more: true, deliveries: kept }
  }
  if (reply.kind === 'bucket') {
    const around = replyBytes({ ...reply, frames: [] })
    const kept = cut(reply.frames, ({ frame }) => BUCKET_FRAME_BYTES + frame.length, room - around)
    const last = kept?.[kept.length - 1]
    if (kept === undefined || last === undefined) return tooLarge(reply.request)
    return { ...reply, more: true, next: last.cursor, frames: kept }
  }
  return tooLarge(reply.request)
}

/** One answer for each, in all at most `room` bytes as a message. */
export function fitReplies(replies: readonly Reply[], room: number): Reply[] {
  let left = room - MESSAGE_HEADER_BYTES - replies.length * FAILURE_BYTES
  return replies.map((reply) => {
    const budget = left + FAILURE_BYTES
    const fitting = replyBytes(reply) <= budget ? reply : shortened(reply, budget)
    left = budget - replyBytes(fitting)
    return fitting
  })
}
