/**
 * How well a session has healed (spec/session.md, "Health"): when it last took in secrets that whoever had read its
 * state before does not know. Times are those the caller gave to decryptFrame.
 */
import { PQ_STALL_FRAMES } from './limits.js'
import { coreOf, type SessionState } from './session.js'

export interface SessionHealth {
  /** False in suite 1: then the fields on it are null and false. */
  readonly postQuantum: boolean
  /** When the peer's newest ratchet key came, in milliseconds; null when none did or the time is not known. */
  readonly classicalHealedAt: number | null
  /** Post-quantum epochs completed. */
  readonly pqEpoch: number | null
  /** When the last of them was, in milliseconds; null when there was none or the time is not known. */
  readonly pqHealedAt: number | null
  /** The peer sends, but does not do its part of the post-quantum exchange. Messages are not affected. */
  readonly pqStalled: boolean
}

/** A classic session keeps no times in its snapshot: until the next ratchet key comes they are null. */
export function sessionHealth(session: SessionState): SessionHealth {
  const { pq, turnedAt } = coreOf(session)
  return {
    postQuantum: pq !== null,
    classicalHealedAt: turnedAt === 0 ? null : turnedAt,
    pqEpoch: pq?.state.epoch ?? null,
    pqHealedAt: pq === null || pq.state.healedAt === 0 ? null : pq.state.healedAt,
    pqStalled: pq !== null && pq.state.silent >= PQ_STALL_FRAMES,
  }
}
