/**
 * Leaving (RFC 9420 section 12.1.3): a member cannot remove itself, so it proposes to leave and another member
 * commits that. Whoever may remove it does so along with its next commit; anybody else can name the proposal,
 * which works as soon as all have read it.
 */
import { makeProposalRef } from 'ts-mls/authenticatedContent.js'
import { addUnappliedProposal } from 'ts-mls/unappliedProposals.js'
import { buildCommit } from './commit.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import type { Committed } from './group.js'
import { handshakeWire, sealProposal } from './handshake.js'
import { type PendingLeave, pendingLeaves } from './proposals.js'
import { mayLeave } from './roles/transition.js'
import { type GroupState, openState, wrapState } from './state.js'

/**
 * Asks the others to let this member go. It stays a member, with a state as before, until a commit removes it.
 * @throws MlsError `mls/not-permitted` for the last full admin, `mls/removed`
 */
export async function proposeLeave(
  ctx: MlsContext,
  state: GroupState,
): Promise<{ state: GroupState; message: Uint8Array }> {
  const opened = openState(ctx, state)
  const own = opened.client.privatePath.leafIndex
  if (!mayLeave(ctx, opened.client, [own]))
    throw new MlsError('mls/not-permitted', { details: { reason: 'no-admin' } })
  const proposal = { proposalType: 'remove' as const, remove: { removed: own } }
  const { message, client, authenticated } = await sealProposal(opened, handshakeWire(ctx), proposal)
  const reference = await makeProposalRef(authenticated, opened.cs.hash)
  // The own proposal is kept too, or the commit that names it would be of no proposal known here.
  const unappliedProposals = addUnappliedProposal(reference, client.unappliedProposals, proposal, own)
  return { state: wrapState({ ...client, unappliedProposals }), message }
}

/** Leaves of the members that have asked to go and are still in. */
export function leavingMembers(ctx: MlsContext, state: GroupState): number[] {
  return pendingLeaves(openState(ctx, state).client).map(({ leaf }) => leaf)
}

/**
 * Commits the leaves that this member has read, by naming the proposals: any member may. Those that would
 * leave the group without an admin together are left for later. A member that has not read one of them answers
 * `mls/missing-proposal` and follows once it has.
 * @throws MlsError `mls/bad-argument` when nobody has asked to leave, `mls/removed`
 */
export async function commitLeaves(ctx: MlsContext, state: GroupState): Promise<Committed> {
  const opened = openState(ctx, state)
  const leaves: PendingLeave[] = []
  for (const one of pendingLeaves(opened.client)) {
    const together = [...leaves.map(({ leaf }) => leaf), one.leaf]
    if (mayLeave(ctx, opened.client, together)) leaves.push(one)
  }
  if (leaves.length === 0) throw new MlsError('mls/bad-argument', { details: { leaves: 0 } })
  const { client, commit, privileged } = await buildCommit(ctx, opened, { proposals: [], leaves })
  return { state: wrapState(client), commit, privileged }
}
