/**
 * A stream of bytes over datagrams that may be lost, doubled and reordered: the two halves (sending.ts, receiving.ts),
 * acknowledgements, and time. What is in the stream is authenticated above it; a datagram of a stranger can end the
 * stream, as a forged TCP segment can, and nothing more.
 */
import type { Clock } from '@hyphae/core'
import type { ByteEvents, ByteSocket } from '../byte-socket.js'
import { SEND_BUFFER_BYTES, SILENCE_MS, SLOW_FACTOR } from '../limits.js'
import type { Pace } from './pace.js'
import { DATA_HEADER_BYTES, type Packet, type Report } from './packet.js'
import { createReceiving } from './receiving.js'
import { createSending } from './sending.js'

export interface ArqStream {
  readonly socket: ByteSocket
  /** A packet of this stream: data or ack. */
  heard(packet: Packet & { readonly report: Report }): void
  /** Bytes may leave from now on: the other side knows of the stream, or is about to. */
  open(): void
  acknowledge(): void
  /** Whoever ended it. */
  end(): void
}

export interface StreamOptions {
  readonly id: number
  readonly pace: Pace
  readonly clock: Clock
  readonly events: ByteEvents
  readonly send: (packet: Packet) => void
  /** Once; the stream is to be forgotten. */
  readonly ended: () => void
}

export function createStream({ id, pace, clock, events, send, ended }: StreamOptions): ArqStream {
  const gone = new AbortController()
  let isOpen = false
  let owed = 0
  let heardAt = clock.now()
  let waiters: (() => void)[] = []
  const receiving = createReceiving(pace.window, events.received)
  const acknowledge = (): void => {
    owed = 0
    send({ kind: 'ack', id, report: receiving.report() })
  }
  const sending = createSending(pace, pace.datagram - DATA_HEADER_BYTES, (seq, bytes) => {
    owed = 0
    send({ kind: 'data', id, report: receiving.report(), seq, bytes })
  })
  const end = (): void => {
    if (gone.signal.aborted) return
    gone.abort()
    ended()
    release()
    events.closed()
  }
  const release = (): void => {
    const all = waiters
    waiters = []
    for (const done of all) done()
  }
  const pump = (): void => {
    if (!isOpen || gone.signal.aborted) return
    sending.pump(clock.now())
    if (sending.unanswered) watchLoss()
  }
  const acknowledgeSoon = exclusive(async () => {
    await clock.sleep(pace.ackDelayMs, gone.signal, true)
    if (owed > 0) acknowledge()
  })
  const silence = SILENCE_MS * (pace.slow ? SLOW_FACTOR : 1)
  const watchLoss = exclusive(async () => {
    while (sending.unanswered) {
      const now = clock.now()
      const wait = sending.deadline() - now
      if (wait <= 0) {
        if (now - heardAt > silence) return end()
        sending.late(now)
      }
      await clock.sleep(Math.max(1, sending.deadline() - now), gone.signal, true)
    }
  })
  return {
    socket: {
      slow: pace.slow,
      write: (bytes) => {
        if (gone.signal.aborted) return true
        sending.push(bytes)
        pump()
        return sending.waiting < SEND_BUFFER_BYTES
      },
      drained: () => {
        if (gone.signal.aborted || sending.waiting < SEND_BUFFER_BYTES) return Promise.resolve()
        return new Promise((resolve) => waiters.push(resolve))
      },
      pause: receiving.pause,
      resume: () => {
        if (receiving.resume() && !gone.signal.aborted) acknowledge()
      },
      close: () => {
        if (gone.signal.aborted) return
        send({ kind: 'close', id })
        end()
      },
    },
    heard: (packet) => {
      const now = clock.now()
      heardAt = now
      sending.heard(packet.report, now)
      if (sending.unanswered) watchLoss()
      if (sending.waiting < SEND_BUFFER_BYTES) release()
      if (packet.kind !== 'data') return
      owed += 1
      const { gap } = receiving.take(packet.seq, packet.bytes)
      if (gone.signal.aborted || owed === 0) return
      if (gap || owed > 1) acknowledge()
      else acknowledgeSoon()
    },
    open: () => {
      isOpen = true
      pump()
    },
    acknowledge,
    end,
  }
}

/** One run at a time; the end of the stream ends it. Asked for with every datagram: no promise where it runs already. */
function exclusive(work: () => Promise<void>): () => void {
  let running = false
  const over = (): void => {
    running = false
  }
  return () => {
    if (running) return
    running = true
    work().then(over, over)
  }
}
