/** How a kind of datagram behaves: what fits, how soon an answer may be expected. */
import {
  MAX_WINDOW_SEGMENTS,
  RADIO_DATAGRAM_BYTES,
  RADIO_WINDOW_SEGMENTS,
  UDP_DATAGRAM_BYTES,
} from '../limits.js'

export interface Pace {
  /** Bytes of the largest datagram. */
  readonly datagram: number
  /** Most segments on their way at once. */
  readonly window: number
  /** Until a round trip has been measured. */
  readonly firstRetransmitMs: number
  readonly leastRetransmitMs: number
  /** How long an acknowledgement may wait for bytes that go the same way. */
  readonly ackDelayMs: number
  /** A link below 10 kbps: what takes seconds elsewhere takes minutes. */
  readonly slow: boolean
}

/** RFC 6298 wants a first second; its least of one second would make every loss on a local network felt. */
export const UDP_PACE: Pace = {
  datagram: UDP_DATAGRAM_BYTES,
  window: MAX_WINDOW_SEGMENTS,
  firstRetransmitMs: 1_000,
  leastRetransmitMs: 50,
  ackDelayMs: 10,
  slow: false,
}

/** A LoRa modem: one datagram takes a second or more, and only one side may speak at a time. */
export const RADIO_PACE: Pace = {
  datagram: RADIO_DATAGRAM_BYTES,
  window: RADIO_WINDOW_SEGMENTS,
  firstRetransmitMs: 10_000,
  leastRetransmitMs: 1_000,
  ackDelayMs: 200,
  slow: true,
}
