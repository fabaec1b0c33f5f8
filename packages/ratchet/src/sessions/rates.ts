/** How often sessions with one device are begun and accepted (spec/session.md, "Rates"). Pure. */
import { since } from './choice.js'
import { ACCEPT_BURST, ACCEPT_INTERVAL_MS, RENEWAL_FIRST_MS, RENEWAL_MAX_MS } from './limits.js'
import { MAX_U8, type PeerRow } from './peer-row.js'

/** Milliseconds until the next session may be begun: an hour after the last, doubled for each unanswered one, to a day. */
export function renewalWait(peer: PeerRow, now: number): number {
  if (peer.begunAt === 0) return 0
  const doublings = Math.max(0, Math.min(peer.begun, MAX_U8) - 1)
  const pause = Math.min(RENEWAL_FIRST_MS * 2 ** Math.min(doublings, 30), RENEWAL_MAX_MS)
  return Math.max(0, pause - since(now, peer.begunAt))
}

export function countBegun(peer: PeerRow, now: number): PeerRow {
  return { ...peer, begun: Math.min(peer.begun + 1, MAX_U8), begunAt: now }
}

/** Milliseconds until a handshake of this device may be accepted. */
export function acceptWait(peer: PeerRow, now: number): number {
  const { accepted, acceptedAt } = drained(peer, now)
  return accepted < ACCEPT_BURST ? 0 : Math.max(1, ACCEPT_INTERVAL_MS - (now - acceptedAt))
}

export function countAccepted(peer: PeerRow, now: number): PeerRow {
  const level = drained(peer, now)
  return { ...peer, accepted: level.accepted + 1, acceptedAt: level.acceptedAt }
}

/** A bucket that loses one every interval. A clock that was set back starts the interval anew. */
function drained(peer: PeerRow, now: number): Pick<PeerRow, 'accepted' | 'acceptedAt'> {
  const { accepted, acceptedAt } = peer
  if (accepted === 0 || acceptedAt > now) return { accepted, acceptedAt: now }
  const gone = Math.floor((now - acceptedAt) / ACCEPT_INTERVAL_MS)
  if (gone >= accepted) return { accepted: 0, acceptedAt: now }
  return { accepted: accepted - gone, acceptedAt: acceptedAt + gone * ACCEPT_INTERVAL_MS }
}
