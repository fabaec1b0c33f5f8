/**
 * Keys of messages that did not come yet (Double Ratchet, section 2.6; spec/session.md, "Skipped messages").
 *
 * One immutable list for all chains of a session, oldest first. Each entry stands alone: the chain and header
 * keys it came from are gone. Most sessions have none, so the list is copied only when it changes.
 */

import { tagMatches } from './header-chain.js'
import { MAX_SKIPPED_KEYS, SKIPPED_KEY_TTL_MS } from './limits.js'

/** Which post-quantum epochs a message that did not come may have been sent under: one, or that and the next. */
export interface SkippedEpochs {
  /** In full, not modulo 16. The entry's message key is mixed with this epoch's. */
  readonly epoch: number
  /** The message key mixed with the next epoch's key; null when the message is older than that epoch. */
  readonly later: Uint8Array | null
}

export interface SkippedKey {
  /** Tag 14 ‖ header mask 40. */
  readonly mask: Uint8Array
  readonly messageKey: Uint8Array
  /** Null in suite 1. */
  readonly pq: SkippedEpochs | null
  /** Milliseconds; 0 when the caller gave no time, and then it does not expire. */
  readonly storedAt: number
}

export type SkippedKeys = readonly SkippedKey[]

/** Index of the entry that opens this frame, or −1. */
export function findSkipped(skipped: SkippedKeys, frame: Uint8Array): number {
  return skipped.findIndex((entry) => tagMatches(frame, entry.mask))
}

/** Appends, and drops the oldest beyond the cap. */
export function addSkipped(skipped: SkippedKeys, fresh: SkippedKeys): SkippedKeys {
  return fresh.length === 0 ? skipped : [...skipped, ...fresh].slice(-MAX_SKIPPED_KEYS)
}

export function withoutSkipped(skipped: SkippedKeys, index: number): SkippedKeys {
  return [...skipped.slice(0, index), ...skipped.slice(index + 1)]
}

/** Drops what is older than its lifetime; the same list when nothing is. A clock set back drops nothing. */
export function expireSkipped(skipped: SkippedKeys, now: number): SkippedKeys {
  const alive = (entry: SkippedKey): boolean =>
    entry.storedAt === 0 || now - entry.storedAt <= SKIPPED_KEY_TTL_MS
  return skipped.every(alive) ? skipped : skipped.filter(alive)
}
