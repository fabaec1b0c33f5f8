/**
 * A clock that was set back must not make this member wait for years: what it has noted of the future is noted of now.
 * No time orders anything, so nothing else depends on it.
 */
import type { Draft } from './draft.js'
import { MAX_WAIT_MS } from './limits.js'

export function correctTimes(draft: Draft): void {
  const { now } = draft
  const correct = <T extends { readonly since: number }>(value: T): T =>
    value.since > now ? { ...value, since: now } : value
  draft.early = draft.early.map(correct)
  draft.welcomes = draft.welcomes.map(correct)
  if (draft.submitted !== null) draft.submitted = correct(draft.submitted)
  if (draft.answered !== null && draft.answered > now) draft.answered = now
  draft.intents = draft.intents.map((one) =>
    one.due !== null && one.due > now + MAX_WAIT_MS ? { ...one, due: now } : one,
  )
  const { stall } = draft
  if (stall === null) return
  const asked = stall.asked !== null && stall.asked > now ? now : stall.asked
  const offer = stall.offer === null ? null : correct(stall.offer)
  if (asked !== stall.asked || offer !== stall.offer || stall.since > now)
    draft.stall = { ...correct(stall), asked, offer }
}
