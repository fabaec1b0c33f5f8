/**
 * Puts a commit, seen as a transition of the state it starts from, before the rules on roles. Knows what is in
 * a commit; judge.ts decides.
 */
import { equalBytes } from '@hyphae/core'
import type { LeafNode } from 'ts-mls'
import type { Applied } from '../apply.js'
import type { MlsContext } from '../context.js'
import { MlsError } from '../errors.js'
import type { ResolvedProposal } from '../resolved-proposal.js'
import { type ClientState, credentialBytes, leafAt } from '../state.js'
import { accountName, accountsOf } from './accounts.js'
import { rolesIn, rulesOf } from './extension.js'
import { type Committer, judgeRoles, type RoleTransition, type RoleVerdict, type RoleView } from './judge.js'

/** What the parent state says of roles and accounts. */
export function roleView(ctx: MlsContext, client: ClientState): RoleView {
  const { groupContext, ratchetTree } = client
  const rules = rulesOf(rolesIn(ctx, groupContext.extensions, 'mls/bad-commit'))
  return { rules, accounts: accountsOf(ctx, ratchetTree) }
}

/** A newcomer by its leaf, and whether what it removes is itself. */
export function newcomer(
  ctx: MlsContext,
  client: ClientState,
  leaf: LeafNode,
  removed: readonly number[],
): Committer {
  const own = removed.map((index) => leafAt(client.ratchetTree, index))
  const sameDevice =
    own.length > 0 &&
    own.every((old) => old !== null && equalBytes(credentialBytes(old), credentialBytes(leaf)))
  return { kind: 'newcomer', account: accountName(ctx, leaf), sameDevice }
}

/** A Remove that its own member proposed is a leave; the committer's word alone is not enough. */
function transitionOf(
  ctx: MlsContext,
  committer: Committer,
  proposals: readonly ResolvedProposal[],
  applied: Applied,
): RoleTransition {
  const removed = proposals.flatMap(({ proposal, sender, inline }) =>
    proposal.proposalType === 'remove'
      ? [{ leaf: proposal.remove.removed, left: !inline && proposal.remove.removed === sender }]
      : [],
  )
  return {
    committer,
    added: applied.added.map(([, { leafNode }]) => accountName(ctx, leafNode)),
    removed,
    updated: applied.updated,
    rules: rulesOf(applied.roles),
  }
}

/** A group shared with other programs lets newcomers in by its context's word, and only in their own place. */
function judgeForeign(ctx: MlsContext, { committer, removed }: RoleTransition): RoleVerdict {
  if (committer.kind === 'member') return { allowed: true, privileged: removed.some(({ left }) => !left) }
  const own = removed.length === 0 || (removed.length === 1 && committer.sameDevice)
  return ctx.interop?.externalJoins === true && own
    ? { allowed: true, privileged: false }
    : { allowed: false, reason: 'external-join' }
}

/**
 * Whether the commit needed a right that not everybody has.
 * @throws MlsError `mls/not-permitted` with the reason
 */
export function assertAllowed(
  ctx: MlsContext,
  client: ClientState,
  committer: Committer,
  proposals: readonly ResolvedProposal[],
  applied: Applied,
): boolean {
  const view = roleView(ctx, client)
  const transition = transitionOf(ctx, committer, proposals, applied)
  const foreign = ctx.interop !== undefined && view.rules === null
  const verdict = foreign ? judgeForeign(ctx, transition) : judgeRoles(view, transition)
  if (!verdict.allowed) throw new MlsError('mls/not-permitted', { details: { reason: verdict.reason } })
  return verdict.privileged
}

function otherLeaf({ accounts }: RoleView, leaves: readonly number[]): number | null {
  for (const [leaf] of accounts) if (!leaves.includes(leaf)) return leaf
  return null
}

/** Whether the group would still be led if this member left now, so that its leave can be committed. */
export function mayLeave(ctx: MlsContext, client: ClientState, leaves: readonly number[]): boolean {
  const view = roleView(ctx, client)
  if (view.rules === null) return true
  const other = otherLeaf(view, leaves)
  if (other === null) return false
  const removed = leaves.map((leaf) => ({ leaf, left: true }))
  const committer: Committer = { kind: 'member', leaf: other }
  return judgeRoles(view, { committer, added: [], removed, updated: [], rules: view.rules }).allowed
}

/** Those of these leaves that this member may remove by its own word, as many as go together. */
export function removable(ctx: MlsContext, client: ClientState, leaves: readonly number[]): number[] {
  if (leaves.length === 0) return []
  const view = roleView(ctx, client)
  const committer: Committer = { kind: 'member', leaf: client.privatePath.leafIndex }
  const kept: number[] = []
  for (const leaf of leaves) {
    const removed = [...kept, leaf].map((one) => ({ leaf: one, left: false }))
    const transition = { committer, added: [], removed, updated: [], rules: view.rules }
    if (judgeRoles(view, transition).allowed) kept.push(leaf)
  }
  return kept
}
