/**
 * The sending half of a stream over datagrams: what is on its way, what is lost, and how much may be. Loss is seen by
 * later segments that came (RFC 6675 in its simplest form) or by time (RFC 6298); the window follows RFC 5681.
 */
import {
  FIRST_WINDOW_SEGMENTS,
  LOSS_BY_LATER_SEGMENTS,
  MAX_RETRANSMIT_MS,
  SACKED_SEGMENTS,
  SLOW_START_SEGMENTS,
} from '../limits.js'
import type { Pace } from './pace.js'
import type { Report } from './packet.js'

interface Segment {
  readonly seq: number
  readonly bytes: Uint8Array
  sentAt: number
  times: number
  /** On its way, as far as is known; came, behind a gap; lost, to be sent again. */
  fate: 'flying' | 'came' | 'lost'
}

export interface Sending {
  push(bytes: Uint8Array): void
  /** Bytes that have not left yet. */
  readonly waiting: number
  /** Whether something was sent that is not acknowledged. */
  readonly unanswered: boolean
  /** Takes what the other side reports, and sends what is lost or may follow. */
  heard(report: Report, now: number): void
  /** Sends what may be sent. */
  pump(now: number): void
  /** When what was sent counts as lost; Infinity when everything was answered. */
  deadline(): number
  /** The deadline has passed: nothing is on its way any more. */
  late(now: number): void
}

export function createSending(
  pace: Pace,
  payload: number,
  emit: (seq: number, bytes: Uint8Array) => void,
): Sending {
  const writes = createWrites()
  const trips = createTrips(pace)
  const limit = createWindow(pace)
  /** By number, oldest first: a Map keeps the order. */
  const segments = new Map<number, Segment>()
  let first = 0
  let next = 0
  let flying = 0
  let lost = 0
  let room: number = pace.window
  let lastSentAt = 0

  const settle = (segment: Segment, fate: Segment['fate']): void => {
    if (segment.fate === 'flying') flying -= 1
    if (segment.fate === 'lost') lost -= 1
    if (fate === 'lost') lost += 1
    segment.fate = fate
  }
  const send = (segment: Segment, now: number): void => {
    if (segment.fate === 'lost') lost -= 1
    segment.fate = 'flying'
    flying += 1
    segment.sentAt = now
    segment.times += 1
    lastSentAt = now
    emit(segment.seq, segment.bytes)
  }
  const pump = (now: number): void => {
    const allowed = limit.size()
    if (lost > 0)
      for (const segment of segments.values()) {
        if (flying >= allowed || lost === 0) break
        if (segment.fate === 'lost') send(segment, now)
      }
    // One beyond the room when nothing else is on its way: that is how a sender learns that there is room again.
    while (writes.waiting > 0 && flying < allowed && (next - first < room || segments.size === 0)) {
      const segment: Segment = {
        seq: next++,
        bytes: writes.cut(payload),
        sentAt: now,
        times: 0,
        fate: 'came',
      }
      segments.set(segment.seq, segment)
      send(segment, now)
    }
  }
  const acknowledged = (until: number, now: number): void => {
    let sample = -1
    let count = 0
    for (; first < until; first++) {
      const segment = segments.get(first) as Segment
      // Karn: of a segment that was sent twice nobody knows which one was answered.
      if (segment.times === 1 && segment.fate === 'flying') sample = now - segment.sentAt
      settle(segment, 'came')
      segments.delete(first)
      count += 1
    }
    if (count > 0) trips.answered(sample)
    limit.widen(count)
  }
  const noteGaps = (report: Report): void => {
    let later = 0
    for (let i = SACKED_SEGMENTS; i >= 0; i--) {
      const segment = segments.get(report.next + i)
      if (i > 0 && (report.seen >>> (i - 1)) & 1) {
        later += 1
        if (segment !== undefined) settle(segment, 'came')
      } else if (later >= LOSS_BY_LATER_SEGMENTS && segment?.fate === 'flying' && segment.times === 1) {
        settle(segment, 'lost')
        limit.narrow(segment.seq, next)
      }
    }
  }
  return {
    get waiting() {
      return writes.waiting
    },
    get unanswered() {
      return segments.size > 0
    },
    push: writes.push,
    heard: (report, now) => {
      // What was never sent cannot have come, and an old report says nothing new.
      if (report.next > next || report.next < first) return
      room = report.room
      acknowledged(report.next, now)
      if (report.seen !== 0) noteGaps(report)
      pump(now)
    },
    pump,
    deadline: () => (segments.size === 0 ? Number.POSITIVE_INFINITY : lastSentAt + trips.timeout()),
    late: (now) => {
      for (const segment of segments.values()) if (segment.fate === 'flying') settle(segment, 'lost')
      trips.late()
      limit.collapse(next)
      pump(now)
      // Everything has come behind a gap but is not acknowledged: an acknowledgement was lost, and any segment asks.
      const oldest = segments.get(first)
      if (flying === 0 && oldest !== undefined) send(oldest, now)
    },
  }
}

interface Writes {
  readonly waiting: number
  push(bytes: Uint8Array): void
  /** Up to so many bytes off the front: the write itself where it is all there is. */
  cut(most: number): Uint8Array
}

function createWrites(): Writes {
  const writes: Uint8Array[] = []
  let waiting = 0
  return {
    get waiting() {
      return waiting
    },
    push: (bytes) => {
      writes.push(bytes)
      waiting += bytes.length
    },
    cut: (most) => {
      const first = writes[0]
      if (first !== undefined && writes.length === 1 && first.length <= most) {
        writes.length = 0
        waiting = 0
        return first
      }
      const bytes = new Uint8Array(Math.min(most, waiting))
      for (let at = 0; at < bytes.length; ) {
        const head = writes[0] as Uint8Array
        const part = head.subarray(0, bytes.length - at)
        bytes.set(part, at)
        at += part.length
        if (part.length === head.length) writes.shift()
        else writes[0] = head.subarray(part.length)
      }
      waiting -= bytes.length
      return bytes
    },
  }
}

/** RFC 6298: how long an answer takes. */
function createTrips({ firstRetransmitMs, leastRetransmitMs }: Pace): {
  /** Something new was answered; `sample` below 0 where its time is not known. */
  answered(sample: number): void
  late(): void
  timeout(): number
} {
  let smooth = -1
  let varies = 0
  let backoff = 1
  const timeout = (): number => {
    const measured = smooth < 0 ? firstRetransmitMs : Math.max(leastRetransmitMs, smooth + 4 * varies)
    return Math.min(MAX_RETRANSMIT_MS, measured * backoff)
  }
  return {
    answered: (sample) => {
      backoff = 1
      if (sample < 0) return
      varies = smooth < 0 ? sample / 2 : 0.75 * varies + 0.25 * Math.abs(smooth - sample)
      smooth = smooth < 0 ? sample : 0.875 * smooth + 0.125 * sample
    },
    late: () => {
      backoff *= 2
    },
    timeout,
  }
}

/** RFC 5681: how much may be on its way. */
function createWindow(pace: Pace): {
  size(): number
  widen(count: number): void
  narrow(seq: number, next: number): void
  collapse(next: number): void
} {
  let window: number = Math.min(FIRST_WINDOW_SEGMENTS, pace.window)
  let threshold: number = Math.min(SLOW_START_SEGMENTS, pace.window)
  /** Losses before this segment belong to a window that was narrowed already. */
  let narrowedUntil = 0
  return {
    size: () => Math.floor(window),
    widen: (count) => {
      for (let i = 0; i < count; i++)
        window = Math.min(pace.window, window < threshold ? window + 1 : window + 1 / window)
    },
    narrow: (seq, next) => {
      if (seq < narrowedUntil) return
      threshold = Math.max(2, window / 2)
      window = threshold
      narrowedUntil = next
    },
    collapse: (next) => {
      threshold = Math.max(2, window / 2)
      window = 2
      narrowedUntil = next
    },
  }
}
