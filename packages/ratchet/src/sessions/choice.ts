/**
 * Which of its sessions with a device a node sends in: the renewing rules of spec/models/convergence.pml
 * (spec/session.md, "Which session sends"). Pure; both sides come to one session without asking each other.
 */
import {
  ARCHIVED_SESSION_TTL_MS,
  MESSAGES_TO_FOLLOW,
  UNACKNOWLEDGED_TTL_MS,
  UNANSWERED_MS,
  UNANSWERED_SENDS,
} from './limits.js'
import { MAX_U8, type PeerRow, samePeer } from './peer-row.js'
import { isConfirmed, type SessionRow } from './session-row.js'

/** Milliseconds since `then`. A clock that was set back leaves times in the future: those count as long ago. */
export function since(now: number, then: number): number {
  return then > now ? Number.POSITIVE_INFINITY : now - then
}

/** False for a session from before a rollback, or with an identity that is no longer the pinned one: it only receives. */
export function isOpen(row: SessionRow, peer: PeerRow, floor: number): boolean {
  return row.born >= floor && samePeer(row.session.peer, peer.pin)
}

/** Begun here and never answered for too long: it sends no more. */
export function isUnacknowledged(row: SessionRow, now: number): boolean {
  return (
    !isConfirmed(row) &&
    row.session.role === 'initiator' &&
    now - row.session.createdAt >= UNACKNOWLEDGED_TTL_MS
  )
}

/** Rule 2: enough sends have waited long enough for an answer. */
export function isUnanswered(row: SessionRow, now: number): boolean {
  return row.unanswered >= UNANSWERED_SENDS && since(now, row.unansweredAt) >= UNANSWERED_MS
}

/** It receives no more, and may be dropped. */
export function isExpired(row: SessionRow, now: number): boolean {
  return row.archivedAt !== 0 && now - row.archivedAt >= ARCHIVED_SESSION_TTL_MS
}

/**
 * Rule 1, follow the peer: a message was opened in session `id`, which may send. One in another session than the one
 * that sends moves the sending there, at once if its id is the smaller, else at the second since one was opened here.
 */
export function follow(peer: PeerRow, id: string): PeerRow {
  if (peer.current === id) return peer.elsewhere === 0 ? peer : { ...peer, elsewhere: 0 }
  const elsewhere = peer.elsewhere + 1
  if (peer.current === null || id < peer.current || elsewhere >= MESSAGES_TO_FOLLOW) {
    return { ...peer, current: id, elsewhere: 0 }
  }
  return { ...peer, elsewhere }
}

/**
 * Rule 3: whether an accepted session sends from now on. Over a session of ours that nobody answered yet two
 * initiations cross, and the smaller id wins on both sides; otherwise the peer has begun anew, so it wins.
 */
export function winsOver(current: SessionRow | null, currentId: string | null, id: string): boolean {
  return current === null || currentId === null || isConfirmed(current) || id < currentId
}

/** The row after one more transaction that sends in it. */
export function countSend(row: SessionRow, now: number): SessionRow {
  const unanswered = Math.min(row.unanswered + 1, MAX_U8)
  const unansweredAt = row.unanswered < UNANSWERED_SENDS ? now : row.unansweredAt
  return { ...row, unanswered, unansweredAt }
}
