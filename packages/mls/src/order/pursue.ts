/**
 * From intents to commits. As many as are due go into one commit; one that lost is due again on the branch that won,
 * after a wait that follows the order of choice, so that members which lost together do not meet again; one that has
 * lost its sense is dropped (spec/ordering.md section 6).
 */
import { MlsError } from '../errors.js'
import { leavingMembers } from '../propose.js'
import { encodeRoles } from '../roles/roles.js'
import { type Member, members, ownLeaf } from '../state.js'
import { attempt, type Built, leafOf, transitionOf } from './build.js'
import { addCommit, judgeCommit } from './commits.js'
import { type Draft, tipOf } from './draft.js'
import { encodeEnvelope } from './envelope.js'
import { ownCommitFrom, pathTo } from './graph.js'
import type { Intent, PendingIntent } from './intent.js'
import { leaveNow } from './leave.js'
import { MAX_IDLE_RUN, MAX_INTENTS, REISSUE_MS, SETTLE_MS, STALL_MS, TURNS } from './limits.js'
import type { EpochNode } from './log.js'
import { fraction, selectorOf } from './node.js'
import { drop, isInternal, reopenLost, reviewLeave, settleOwn } from './own.js'
import { submitAgain } from './sequencing.js'

/**
 * @param when `spread`: others may want the same, so wait for one's turn
 * @throws MlsError `mls/bad-argument` when too many wait, or for roles that are none
 */
export function addIntent(draft: Draft, intent: Intent, when: 'at-once' | 'spread'): void {
  const waiting = draft.intents.filter(({ carrier }) => carrier === null).length
  if (waiting >= MAX_INTENTS) throw new MlsError('mls/bad-argument', { details: { intents: waiting } })
  // It may wait and be stored first: then it would be the store that fails.
  if (intent.kind === 'roles') encodeRoles(intent.roles)
  const due = when === 'at-once' ? draft.now : null
  const { epoch: base } = tipOf(draft)
  draft.intents = [...draft.intents, { id: draft.counter, intent, due, base, carrier: null, settled: false }]
  draft.counter += 1
}

/** Whoever would win goes first, so the others can follow it instead of losing to it. */
async function drawTurns(draft: Draft): Promise<void> {
  const tip = tipOf(draft)
  if (!tip.active || draft.intents.every(({ due }) => due !== null)) return
  const lot = fraction(await selectorOf(draft.ctx.mls, tip.state, ownLeaf(tip.state)))
  const crowd = Math.ceil(members(tip.state).length / TURNS)
  draft.intents = draft.intents.map((one) => {
    if (one.due !== null) return one
    // Few have lost together, but everybody could do what is done for others.
    const wait = isInternal(one) ? lot * REISSUE_MS * crowd : lot * REISSUE_MS
    return { ...one, due: draft.now + Math.floor(wait) }
  })
}

/** Somebody has to commit the leaves that others propose, and nobody is told to. */
function adoptLeaves(draft: Draft): void {
  if (leavingMembers(draft.ctx.mls, tipOf(draft).state).length === 0) return
  if (draft.intents.filter(({ carrier }) => carrier === null).length >= MAX_INTENTS) return
  const known = draft.intents.some(
    ({ intent, base, carrier }) =>
      intent.kind === 'commit-leaves' && carrier === null && base === tipOf(draft).epoch,
  )
  if (!known) addIntent(draft, { kind: 'commit-leaves' }, 'spread')
}

/** Whether the branch that is followed has done it already, or has left nothing to do. */
function isPointless(draft: Draft, { intent, base }: PendingIntent, present: readonly Member[]): boolean {
  if (intent.kind === 'remove') return leafOf(present, intent.signatureKey) === undefined
  if (intent.kind === 'commit-leaves') return base !== tipOf(draft).epoch
  if (intent.kind !== 'readd') return false
  const added = pathTo(draft.nodes, draft.tip).flatMap(({ epoch, link }) =>
    epoch > base ? (link?.added ?? []) : [],
  )
  return (
    leafOf(added, intent.signatureKey) !== undefined || leafOf(present, intent.signatureKey) === undefined
  )
}

/** Into the tree of epochs, and to the others: at once, or after the sequencer. */
async function enter(draft: Draft, built: Built, ready: readonly PendingIntent[]): Promise<void> {
  const parent = tipOf(draft)
  const transition = transitionOf(parent.state, built, ready)
  const verdict = judgeCommit(draft, parent, transition)
  if (verdict.kind !== 'accepted') {
    for (const one of ready)
      drop(draft, one, verdict.kind === 'refused' ? verdict.reason : 'mls/missing-proposal')
    return
  }
  const envelope = encodeEnvelope('commit', parent.tag, built.commit)
  const digest = draft.ctx.mls.crypto.sha256(built.commit)
  const published = draft.ctx.mode === 'deterministic'
  const facts = { envelope, digest, state: built.state, transition, own: true, published }
  const node = await addCommit(draft, parent, facts, verdict)
  carry(draft, node, built, ready)
  if (published) draft.effects.push({ kind: 'send', envelope })
  else {
    draft.submitted = { tag: node.tag, since: draft.now, taken: false }
    draft.effects.push({ kind: 'submit', parent: parent.tag, envelope })
  }
}

function carry(draft: Draft, { tag }: EpochNode, built: Built, ready: readonly PendingIntent[]): void {
  const ids = new Set(ready.map(({ id }) => id))
  const due = draft.now + SETTLE_MS
  draft.intents = draft.intents.map((one) => (ids.has(one.id) ? { ...one, carrier: tag, due } : one))
  const { welcome, members } = built
  if (welcome !== undefined)
    draft.welcomes = [...draft.welcomes, { tag, welcome, members, since: draft.now, sent: false }]
}

/** Why an intent could not be committed, in the words of the application. */
const reasonOf = (code: string): string => (code === 'mls/duplicate-member' ? 'done-by-another' : code)

/** All together, or the first that can be; what cannot be is dropped with the reason. */
async function commit(draft: Draft, ready: readonly PendingIntent[]): Promise<void> {
  const together = await attempt(draft, ready)
  if (typeof together !== 'string') return enter(draft, together, ready)
  for (const one of ready) {
    const alone = ready.length > 1 ? await attempt(draft, [one]) : together
    if (typeof alone !== 'string') return enter(draft, alone, [one])
    drop(draft, one, reasonOf(alone))
  }
}

/** What can be committed now. */
function choose(draft: Draft): PendingIntent[] {
  const tip = tipOf(draft)
  const due = draft.intents.filter(
    ({ intent, carrier, due }) =>
      intent.kind !== 'leave' && carrier === null && due !== null && due <= draft.now,
  )
  if (due.length === 0) return []
  const present = members(tip.state)
  for (const one of due.filter((pending) => isPointless(draft, pending, present)))
    drop(draft, one, 'done-by-another')
  const sensible = due.filter((pending) => draft.intents.includes(pending))
  const [roles] = sensible.filter(({ intent }) => intent.kind === 'roles')
  const ready = sensible.filter((one) => one.intent.kind !== 'roles' || one === roles)
  const idle = tip.link?.own === true && tip.idle >= MAX_IDLE_RUN
  return idle && ready.every(({ intent }) => intent.kind === 'update') ? [] : ready
}

/**
 * Once from an epoch, not while a sequencer is asked, nor by a member that waits to be added anew. And not while a commit of this epoch
 * seems to be under way: it would only be a rival of it. That wait ends when the stall is shown.
 */
function mayCommit({ submitted, stall, now, nodes, tip }: Draft): boolean {
  if (submitted !== null || stall?.leaving === true || ownCommitFrom(nodes, tip) !== undefined) return false
  return stall === null || stall.late || now - stall.since >= STALL_MS
}

/** Carries out what is due, and reviews what was carried out before. */
export async function pursue(draft: Draft): Promise<void> {
  submitAgain(draft)
  reopenLost(draft)
  reviewLeave(draft)
  if (tipOf(draft).active) {
    adoptLeaves(draft)
    await drawTurns(draft)
    if (mayCommit(draft)) {
      const ready = choose(draft)
      if (ready.length > 0) await commit(draft, ready)
    }
    await leaveNow(draft)
  }
  settleOwn(draft)
}
