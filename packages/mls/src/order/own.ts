/**
 * What becomes of this member's own commits once others have spoken: they stand, they lose, or their epoch leaves the
 * horizon (spec/ordering.md section 6). Makes no commits; pursue.ts does.
 */
import { toHex } from '@hyphae/core'
import { treeChunks } from '../tree-chunks.js'
import { type Draft, isFollowed, say } from './draft.js'
import { childrenOf, nodeAt } from './graph.js'
import type { DropReason, PendingIntent } from './intent.js'
import { MAX_VOIDED, SETTLE_MS } from './limits.js'
import type { PendingWelcome } from './log.js'
import type { EpochTag } from './tag.js'

/** The log makes these for others; the application has not asked and is not told. */
export function isInternal({ intent }: PendingIntent): boolean {
  return intent.kind === 'commit-leaves' || intent.kind === 'readd'
}

export function drop(draft: Draft, pending: PendingIntent, reason: DropReason | string): void {
  draft.intents = draft.intents.filter(({ id }) => id !== pending.id)
  if (!isInternal(pending))
    say(draft, { kind: 'intent-dropped', id: pending.id, intent: pending.intent.kind, reason })
}

function done(draft: Draft, pending: PendingIntent): void {
  if (!pending.settled && !isInternal(pending))
    say(draft, { kind: 'intent-done', id: pending.id, intent: pending.intent.kind })
}

/** The tree of the epoch to which it invites may travel beside it. */
export function sendWelcome(draft: Draft, { tag, welcome, members }: PendingWelcome): void {
  const { mls, tree } = draft.ctx
  const chunks = tree === 'apart' ? treeChunks(mls, nodeAt(draft.nodes, tag).state) : []
  draft.effects.push({ kind: 'welcome', welcome, members, chunks })
}

/** These epochs cannot be taken back any more. */
export function finalise(draft: Draft, tags: ReadonlySet<EpochTag>): void {
  for (const pending of draft.intents) if (pending.carrier && tags.has(pending.carrier)) done(draft, pending)
  draft.intents = draft.intents.filter(({ carrier }) => carrier === null || !tags.has(carrier))
  for (const welcome of draft.welcomes)
    if (tags.has(welcome.tag) && !welcome.sent) sendWelcome(draft, welcome)
  draft.welcomes = draft.welcomes.filter(({ tag }) => !tags.has(tag))
}

/** The device has used its KeyPackage on a branch of nobody: it can only be invited with a fresh one. */
function makeVoid(draft: Draft, { members }: PendingWelcome): void {
  const keys = members.map(({ signatureKey }) => toHex(signatureKey))
  draft.voided = [...keys, ...draft.voided].slice(0, MAX_VOIDED)
  say(draft, { kind: 'invitation-void', members })
}

function reopen(draft: Draft, pending: PendingIntent, wasSent: boolean): void {
  const { id, intent } = pending
  if (wasSent && (intent.kind === 'add' || intent.kind === 'readd')) {
    drop(draft, pending, 'invitation-void')
    return
  }
  const again = { ...pending, carrier: null, due: null, settled: false }
  draft.intents = draft.intents.map((one) => (one.id === id ? again : one))
  if (!isInternal(pending)) say(draft, { kind: 'intent-reopened', id, intent: intent.kind })
}

/** Intents whose commit is on no branch that is followed are open again, and its Welcome is not sent. */
export function reopenLost(draft: Draft): void {
  const lost = (tag: EpochTag): boolean => draft.submitted?.tag !== tag && !isFollowed(draft, tag)
  const sent = new Set(draft.welcomes.filter((one) => one.sent).map(({ tag }) => tag))
  for (const pending of draft.intents)
    if (pending.carrier !== null && pending.intent.kind !== 'leave' && lost(pending.carrier))
      reopen(draft, pending, sent.has(pending.carrier))
  // A branch that has lost may yet win: a Welcome that was not sent stays for as long as its commit is known.
  const gone = draft.welcomes.filter(({ tag, sent }) => lost(tag) && (sent || !draft.nodes.has(tag)))
  for (const welcome of gone) if (welcome.sent) makeVoid(draft, welcome)
  if (gone.length > 0) draft.welcomes = draft.welcomes.filter((one) => !gone.includes(one))
}

/** A leave stands once the branch that is followed has removed this member; its proposal dies with its epoch. */
export function reviewLeave(draft: Draft): void {
  const tip = nodeAt(draft.nodes, draft.tip)
  for (const pending of draft.intents) {
    if (pending.intent.kind !== 'leave') continue
    if (!tip.active) {
      if (!pending.settled) done(draft, pending)
      draft.intents = draft.intents.map((one) =>
        one.id === pending.id ? { ...pending, settled: true } : one,
      )
    } else if (pending.carrier !== null && pending.carrier !== tip.tag) {
      const again = { ...pending, carrier: null, due: draft.now, settled: false }
      draft.intents = draft.intents.map((one) => (one.id === pending.id ? again : one))
    }
  }
}

function hasRival(draft: Draft, tag: EpochTag): boolean {
  const { parent } = nodeAt(draft.nodes, tag)
  return parent !== null && childrenOf(draft.nodes, parent).length > 1
}

/** Until now no rival has come, and the time in which one is to be expected is over; or a sequencer saw none. */
function isSettled(draft: Draft, { tag, since }: Pick<PendingWelcome, 'tag' | 'since'>): boolean {
  if (!isFollowed(draft, tag)) return false
  const sequenced = nodeAt(draft.nodes, tag).link?.sequenced === true && !hasRival(draft, tag)
  return sequenced || draft.now - since >= SETTLE_MS
}

/** What the passing of time makes of own commits that are followed. */
export function settleOwn(draft: Draft): void {
  for (const welcome of draft.welcomes.filter((one) => !one.sent && isSettled(draft, one))) {
    sendWelcome(draft, welcome)
    draft.welcomes = draft.welcomes.map((one) => (one === welcome ? { ...welcome, sent: true } : one))
  }
  draft.intents = draft.intents.map((pending) => {
    const { carrier, due, settled, intent } = pending
    if (carrier === null || settled || due === null || due > draft.now || intent.kind === 'leave')
      return pending
    if (!isFollowed(draft, carrier)) return pending
    done(draft, pending)
    return { ...pending, settled: true }
  })
}
