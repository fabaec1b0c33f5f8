/**
 * Leaving: a member cannot remove itself, so it proposes to be removed, anew in every epoch until somebody has
 * committed it (spec/ordering.md section 6).
 */
import { isHyphaeError } from '@hyphae/core'
import { proposeLeave } from '../propose.js'
import { type Draft, keepProposal, putNode, tipOf } from './draft.js'
import { encodeEnvelope } from './envelope.js'
import { ownCommitFrom } from './graph.js'
import { drop } from './own.js'

export async function leaveNow(draft: Draft): Promise<void> {
  const pending = draft.intents.find(({ intent, carrier }) => intent.kind === 'leave' && carrier === null)
  const tip = tipOf(draft)
  if (pending === undefined || (pending.due ?? 0) > draft.now) return
  // A commit that is not published yet has used the handshake key that the proposal would take from the same state.
  if (ownCommitFrom(draft.nodes, tip.tag) !== undefined) return
  let proposed: Awaited<ReturnType<typeof proposeLeave>>
  try {
    proposed = await proposeLeave(draft.ctx.mls, tip.state)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    drop(draft, pending, error.code)
    return
  }
  const { state, message } = proposed
  const envelope = encodeEnvelope('proposal', tip.tag, message)
  putNode(draft, keepProposal({ ...tip, state }, envelope))
  const carried = { ...pending, carrier: tip.tag }
  draft.intents = draft.intents.map((one) => (one.id === pending.id ? carried : one))
  draft.effects.push({ kind: 'send', envelope })
}
