/**
 * Which proposals a group takes (RFC 9420 section 12.1), and what becomes of those that wait for a commit. A
 * member proposes only for itself: a new leaf of its own, or to leave. Who may commit what is for roles/.
 */
import { equalBytes } from '@hyphae/core'
import type { LeafNode, Proposal, ProposalOrRef, ProposalWithSender } from 'ts-mls'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import { makeProposalRef } from 'ts-mls/authenticatedContent.js'
import { throwIfDefined, validateLeafNodeUpdateOrCommit } from 'ts-mls/clientState.js'
import { addUnappliedProposal } from 'ts-mls/unappliedProposals.js'
import { base64ToBytes, bytesToBase64 } from 'ts-mls/util/byteArray.js'
import type { MlsContext } from './context.js'
import { MlsError, type MlsErrorCode, stage } from './errors.js'
import { assertLeafShape } from './leaf.js'
import { MAX_PENDING_PROPOSALS } from './limits.js'
import type { PermittedProposal, ResolvedProposal } from './resolved-proposal.js'
import { mayLeave } from './roles/transition.js'
import { type ClientState, credentialBytes, leafAt, type Opened } from './state.js'
import { assertUniqueChange } from './tree.js'

export function assertPermitted(ctx: MlsContext, proposal: Proposal): asserts proposal is PermittedProposal {
  const { proposalType } = proposal
  if (proposalType === 'external_init') throw new MlsError('mls/external-commit')
  const known = ['add', 'remove', 'update', 'group_context_extensions']
  const psk = proposalType === 'psk' && ctx.interop?.wide !== undefined
  if (!psk && (typeof proposalType === 'number' || !known.includes(proposalType)))
    throw new MlsError('mls/unsupported-proposal', { details: { proposal: proposalType } })
}

function resolve(client: ClientState, entry: ProposalOrRef, committer: number): ProposalWithSender {
  if (entry.proposalOrRefType === 'proposal') return { proposal: entry.proposal, senderLeafIndex: committer }
  const pending = client.unappliedProposals[bytesToBase64(entry.reference)]
  if (pending === undefined) throw new MlsError('mls/missing-proposal')
  return pending
}

/** The proposals of a commit with their senders. @throws MlsError when one is unknown or of a refused kind */
export function resolveProposals(
  ctx: MlsContext,
  client: ClientState,
  entries: readonly ProposalOrRef[],
  committer: number,
): ResolvedProposal[] {
  return entries.map((entry) => {
    const { proposal, senderLeafIndex } = resolve(client, entry, committer)
    assertPermitted(ctx, proposal)
    const inline = entry.proposalOrRefType === 'proposal'
    return { proposal, sender: senderLeafIndex ?? committer, inline }
  })
}

/**
 * A leaf that replaces a member's own: same device, new encryption key. The credential stays as it is,
 * because a successor needs a rule of its own (section 5.3.1) and nothing makes one yet.
 */
export function assertSuccessor(
  { client, cs }: Opened,
  leaf: number,
  next: LeafNode,
  code: MlsErrorCode,
): void {
  const current = leafAt(client.ratchetTree, leaf)
  if (current === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  assertLeafShape(next, cs.sync, code)
  const same =
    equalBytes(current.signaturePublicKey, next.signaturePublicKey) &&
    equalBytes(credentialBytes(current), credentialBytes(next))
  if (!same || equalBytes(current.hpkePublicKey, next.hpkePublicKey)) throw new MlsError(code)
}

async function assertPendingUpdate(
  { client, cs }: Opened,
  sender: number,
  leaf: LeafNode & { leafNodeSource: 'update' },
): Promise<void> {
  assertSuccessor({ client, cs }, sender, leaf, 'mls/bad-proposal')
  const { groupContext, clientConfig, ratchetTree } = client
  throwIfDefined(
    await validateLeafNodeUpdateOrCommit(leaf, sender, groupContext, clientConfig.authService, cs.signature),
  )
  const tree = ratchetTree.slice()
  tree[sender * 2] = { nodeType: 'leaf', leaf }
  for (const { proposal, senderLeafIndex } of Object.values(client.unappliedProposals)) {
    if (proposal.proposalType === 'update' && senderLeafIndex !== undefined && senderLeafIndex !== sender)
      tree[senderLeafIndex * 2] = { nodeType: 'leaf', leaf: proposal.update.leafNode }
  }
  assertUniqueChange(tree, [sender * 2])
}

/**
 * Keeps a proposal for the next commit when it is one that can be committed: a poisoned one never gets in,
 * so it can block neither commits nor messages. Judged alone, so that all members keep the same ones in
 * whatever order they come.
 * @throws MlsError `mls/bad-proposal`, `mls/unsupported-proposal`, `mls/not-permitted`
 */
export async function keepProposal(
  ctx: MlsContext,
  { client, cs }: Opened,
  authenticated: AuthenticatedContent,
  sender: number,
  proposal: Proposal,
): Promise<ClientState> {
  assertPermitted(ctx, proposal)
  if (ctx.interop?.wide === undefined) await assertKeepable(ctx, { client, cs }, sender, proposal)
  const ref = await makeProposalRef(authenticated, cs.hash)
  const kept = addUnappliedProposal(ref, client.unappliedProposals, proposal, sender)
  return { ...client, unappliedProposals: kept }
}

/** A member proposes for itself alone, a new leaf or its leave, and only what could be committed. */
async function assertKeepable(
  ctx: MlsContext,
  { client, cs }: Opened,
  sender: number,
  proposal: PermittedProposal,
): Promise<void> {
  if (proposal.proposalType !== 'remove' && proposal.proposalType !== 'update')
    throw new MlsError('mls/unsupported-proposal', { details: { proposal: proposal.proposalType } })
  if (proposal.proposalType === 'remove' && proposal.remove.removed !== sender)
    throw new MlsError('mls/bad-proposal', { details: { sender } })
  if (proposal.proposalType === 'remove' && !mayLeave(ctx, client, [sender]))
    throw new MlsError('mls/not-permitted', { details: { reason: 'no-admin' } })
  const waiting = Object.values(client.unappliedProposals).filter(
    ({ senderLeafIndex }) => senderLeafIndex === sender,
  )
  if (waiting.length >= MAX_PENDING_PROPOSALS)
    throw new MlsError('mls/bad-proposal', { details: { sender, limit: MAX_PENDING_PROPOSALS } })
  if (proposal.proposalType === 'update') {
    const { leafNode } = proposal.update
    await stage('mls/bad-proposal', () => assertPendingUpdate({ client, cs }, sender, leafNode))
  }
}

/** A leave that waits, with what a commit calls it. */
export interface PendingLeave {
  readonly leaf: number
  readonly reference: Uint8Array
}

/** The leaves that others have proposed, one for each leaf, in the order of leaves. */
export function pendingLeaves(client: ClientState): PendingLeave[] {
  const found = new Map<number, PendingLeave>()
  for (const [reference, { proposal }] of Object.entries(client.unappliedProposals)) {
    if (proposal.proposalType !== 'remove' || proposal.remove.removed === client.privatePath.leafIndex)
      continue
    const leaf = proposal.remove.removed
    found.set(leaf, { leaf, reference: base64ToBytes(reference) })
  }
  return [...found.values()].sort((a, b) => a.leaf - b.leaf)
}
