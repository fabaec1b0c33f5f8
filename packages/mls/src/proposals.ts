/**
 * Which proposals a group takes (RFC 9420 section 12.1), and what becomes of those that wait for a commit.
 * Roles will judge here; until they exist everybody may add and remove by commit, and propose only for
 * itself: a new leaf of its own, or to leave.
 */
import { equalBytes } from '@hyphae/core'
import type {
  CiphersuiteImpl,
  ClientState,
  LeafNode,
  Proposal,
  ProposalOrRef,
  ProposalWithSender,
} from 'ts-mls'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import { makeProposalRef } from 'ts-mls/authenticatedContent.js'
import { throwIfDefined, validateLeafNodeUpdateOrCommit } from 'ts-mls/clientState.js'
import { addUnappliedProposal } from 'ts-mls/unappliedProposals.js'
import { bytesToBase64 } from 'ts-mls/util/byteArray.js'
import { MlsError, type MlsErrorCode, stage } from './errors.js'
import { assertLeafShape } from './leaf.js'
import { MAX_PENDING_PROPOSALS } from './limits.js'
import { credentialBytes, leafAt } from './state.js'
import { assertUniqueChange } from './tree.js'

/** The kinds that may be in a commit. */
export type PermittedProposal = Extract<Proposal, { proposalType: 'add' | 'remove' | 'update' }>

export interface ResolvedProposal {
  readonly proposal: PermittedProposal
  readonly sender: number
}

export function assertPermitted(proposal: Proposal): asserts proposal is PermittedProposal {
  const { proposalType } = proposal
  if (proposalType === 'external_init') throw new MlsError('mls/external-commit')
  if (proposalType !== 'add' && proposalType !== 'remove' && proposalType !== 'update')
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
  client: ClientState,
  entries: readonly ProposalOrRef[],
  committer: number,
): ResolvedProposal[] {
  return entries.map((entry) => {
    const { proposal, senderLeafIndex } = resolve(client, entry, committer)
    assertPermitted(proposal)
    return { proposal, sender: senderLeafIndex ?? committer }
  })
}

/**
 * A leaf that replaces a member's own: same device, new encryption key. The credential stays as it is,
 * because a successor needs a rule of its own (section 5.3.1) and nothing makes one yet.
 */
export function assertSuccessor(client: ClientState, leaf: number, next: LeafNode, code: MlsErrorCode): void {
  const current = leafAt(client.ratchetTree, leaf)
  if (current === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  assertLeafShape(next, client.groupContext.cipherSuite, code)
  const same =
    equalBytes(current.signaturePublicKey, next.signaturePublicKey) &&
    equalBytes(credentialBytes(current), credentialBytes(next))
  if (!same || equalBytes(current.hpkePublicKey, next.hpkePublicKey)) throw new MlsError(code)
}

async function assertPendingUpdate(
  client: ClientState,
  cs: CiphersuiteImpl,
  sender: number,
  leaf: LeafNode & { leafNodeSource: 'update' },
): Promise<void> {
  assertSuccessor(client, sender, leaf, 'mls/bad-proposal')
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
 * so it can block neither commits nor messages.
 * @throws MlsError `mls/bad-proposal`, `mls/unsupported-proposal`
 */
export async function keepProposal(
  client: ClientState,
  cs: CiphersuiteImpl,
  authenticated: AuthenticatedContent,
  sender: number,
  proposal: Proposal,
): Promise<ClientState> {
  assertPermitted(proposal)
  const { unappliedProposals } = client
  if (proposal.proposalType === 'add') throw new MlsError('mls/unsupported-proposal')
  if (proposal.proposalType === 'remove' && proposal.remove.removed !== sender)
    throw new MlsError('mls/bad-proposal', { details: { sender } })
  const waiting = Object.values(unappliedProposals).filter(
    ({ senderLeafIndex }) => senderLeafIndex === sender,
  )
  if (waiting.length >= MAX_PENDING_PROPOSALS)
    throw new MlsError('mls/bad-proposal', { details: { sender, limit: MAX_PENDING_PROPOSALS } })
  if (proposal.proposalType === 'update') {
    const { leafNode } = proposal.update
    await stage('mls/bad-proposal', () => assertPendingUpdate(client, cs, sender, leafNode))
  }
  const ref = await makeProposalRef(authenticated, cs.hash)
  return { ...client, unappliedProposals: addUnappliedProposal(ref, unappliedProposals, proposal, sender) }
}

/**
 * The pending leaves that go along with a commit of this member's own. They go in as its own removals, not
 * by reference: a commit that names a proposal stalls every member whom the proposal has not reached, and
 * whoever proposed it could choose whom. Pending updates stay out for the same reason; their owners can
 * commit them by themselves.
 */
export function pendingLeaves(client: ClientState, removing: ReadonlySet<number>): Proposal[] {
  const leaving = Object.values(client.unappliedProposals).flatMap(({ proposal }) =>
    proposal.proposalType === 'remove' ? [proposal.remove.removed] : [],
  )
  return [...new Set(leaving)]
    .filter((leaf) => leaf !== client.privatePath.leafIndex && !removing.has(leaf))
    .map((removed) => ({ proposalType: 'remove', remove: { removed } }))
}
