/**
 * Messages of members whom the branch that is followed has removed (spec/ordering.md section 4). They are not shown;
 * but that branch may still lose, and then they were good ones. So they are kept, unread and bounded, until the epoch
 * in which they were sent leaves the horizon.
 */
import { equalBytes, toHex } from '@hyphae/core'
import { members } from '../state.js'
import { type Draft, tipOf } from './draft.js'
import { MAX_HELD, MAX_HELD_BYTES } from './limits.js'
import type { HeldMessage } from './log.js'

export function isHeld(draft: Draft, digest: string): boolean {
  return draft.held.some((one) => one.digest === digest)
}

/** Whether the sender is in the group by the branch that is followed. */
export function isMemberNow(draft: Draft, signatureKey: Uint8Array): boolean {
  return members(tipOf(draft).state).some((one) => equalBytes(one.signatureKey, signatureKey))
}

/** False when too many are held: whoever floods loses what is its own, not what others send. */
export function hold(draft: Draft, message: HeldMessage): boolean {
  const size = draft.held.reduce((sum, { bytes }) => sum + bytes.length, message.bytes.length)
  if (draft.held.length >= MAX_HELD || size > MAX_HELD_BYTES) return false
  draft.held = [...draft.held, message].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  return true
}

/** Takes out those whose senders are members again, and forgets those whose epoch is gone. */
export function releaseHeld(draft: Draft): HeldMessage[] {
  if (draft.held.length === 0) return []
  const kept = draft.held.filter(({ tag }) => draft.nodes.has(tag))
  const present = new Set(members(tipOf(draft).state).map(({ signatureKey }) => toHex(signatureKey)))
  const free = kept.filter(({ sender }) => present.has(sender))
  if (free.length > 0 || kept.length < draft.held.length)
    draft.held = kept.filter((one) => !free.includes(one))
  return free
}
