/**
 * Applying another member's commit (RFC 9420 section 12.4.2). The input is signed by a member already; here
 * it is judged as a transition of the parent state, so that rules about who may do what can join in.
 */

import { constantTimeEqual } from '@hyphae/crypto'
import type { ClientState, PrivateKeyPath, RatchetTree, UpdatePath } from 'ts-mls'
import { applyProposals, throwIfDefined, validateLeafNodeUpdateOrCommit } from 'ts-mls/clientState.js'
import type { FramedContentCommit } from 'ts-mls/framedContent.js'
import { emptyPskIndex } from 'ts-mls/pskIndex.js'
import { treeHashRoot } from 'ts-mls/treeHash.js'
import { directPath, type LeafIndex, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js'
import { applyUpdatePath } from 'ts-mls/updatePath.js'
import type { MlsContext } from './context.js'
import { type AddedLeaf, enterEpoch, nextEpoch, type SignedCommit } from './epoch.js'
import { MlsError, stage } from './errors.js'
import { nowSeconds } from './key-package.js'
import { assertKeyPackage } from './leaf.js'
import { assertPathShape, keepLiveKeys, openPath } from './path.js'
import { assertSuccessor, type ResolvedProposal, resolveProposals } from './proposals.js'
import { type Member, memberAt, memberOf, type Opened } from './state.js'
import { assertMemberCount, assertUniqueChange } from './tree.js'

export interface ProcessedCommit {
  readonly client: ClientState
  readonly added: Member[]
  readonly removed: Member[]
  readonly removedSelf: boolean
}

interface Transition {
  readonly proposals: readonly ResolvedProposal[]
  readonly tree: RatchetTree
  readonly added: readonly AddedLeaf[]
  readonly removedLeaves: readonly number[]
  readonly committer: LeafIndex
}

/** The rules on proposals, and the tree they give. */
async function judge(
  ctx: MlsContext,
  { client, cs }: Opened,
  content: FramedContentCommit,
  committer: LeafIndex,
): Promise<Transition> {
  const entries = content.commit.proposals
  const proposals = resolveProposals(client, entries, committer)
  const check = { now: nowSeconds(ctx), sending: false }
  for (const { proposal } of proposals)
    if (proposal.proposalType === 'add') assertKeyPackage(proposal.add.keyPackage, cs.name, check)
  const result = await applyProposals(client, entries, committer, emptyPskIndex, false, cs)
  if (result.additionalResult.kind !== 'memberCommit') throw new MlsError('mls/bad-commit')
  const { path } = content.commit
  if (path === undefined && result.needsUpdatePath) throw new MlsError('mls/bad-commit')
  const added = result.additionalResult.addedLeafNodes
  assertMemberCount(result.tree)
  const updated = proposals.flatMap(({ proposal, sender }) =>
    proposal.proposalType === 'update' ? [sender * 2] : [],
  )
  assertUniqueChange(result.tree, [...added.map(([leaf]) => leafToNodeIndex(leaf)), ...updated])
  const removedLeaves = proposals.flatMap(({ proposal }) =>
    proposal.proposalType === 'remove' ? [proposal.remove.removed] : [],
  )
  return { proposals, tree: result.tree, added, removedLeaves, committer }
}

/** Section 12.4.2: the committer's new leaf and the tree with its path. */
async function mergePath(
  { client, cs }: Opened,
  { tree, added, committer }: Transition,
  path: UpdatePath,
): Promise<RatchetTree> {
  assertSuccessor(client, committer, path.leafNode, 'mls/bad-commit')
  const { groupContext, clientConfig } = client
  const { authService } = clientConfig
  throwIfDefined(
    await validateLeafNodeUpdateOrCommit(path.leafNode, committer, groupContext, authService, cs.signature),
  )
  assertPathShape(tree, committer, path, new Set(added.map(([leaf]) => leafToNodeIndex(leaf))))
  const merged = await applyUpdatePath(tree, committer, path, cs.hash)
  const leafNode = leafToNodeIndex(committer)
  assertUniqueChange(merged, [leafNode, ...directPath(leafNode, leafWidth(merged.length))])
  return merged
}

interface Secrets {
  readonly privatePath: PrivateKeyPath
  readonly commitSecret: Uint8Array
}

async function secretsOf(
  { client, cs }: Opened,
  transition: Transition,
  merged: RatchetTree,
  path: UpdatePath | undefined,
): Promise<Secrets> {
  const { privatePath, groupContext } = client
  if (path === undefined)
    return { privatePath: keepLiveKeys(merged, privatePath), commitSecret: new Uint8Array(cs.kdf.size) }
  const treeHash = await treeHashRoot(merged, cs.hash)
  const provisional = { ...groupContext, treeHash, epoch: groupContext.epoch + 1n }
  const newcomers = transition.added.map(([leaf]) => leafToNodeIndex(leaf))
  const { committer } = transition
  const { keys, commitSecret } = await openPath(
    cs,
    merged,
    privatePath,
    committer,
    provisional,
    path,
    newcomers,
  )
  const privateKeys = { ...privatePath.privateKeys, ...keys }
  return { privatePath: keepLiveKeys(merged, { ...privatePath, privateKeys }), commitSecret }
}

const GONE = new Uint8Array()

/**
 * A member that a commit removes cannot derive the next epoch and so cannot check the confirmation tag; the
 * signature, the rules and the new tree were checked. Its secrets are dropped: nothing of this group can be
 * read from the state again.
 */
function leave(client: ClientState): ClientState {
  return {
    ...client,
    keySchedule: {
      senderDataSecret: GONE,
      exporterSecret: GONE,
      externalSecret: GONE,
      confirmationKey: GONE,
      membershipKey: GONE,
      resumptionPsk: GONE,
      epochAuthenticator: GONE,
      initSecret: GONE,
    },
    secretTree: [],
    privatePath: { leafIndex: client.privatePath.leafIndex, privateKeys: {} },
    signaturePrivateKey: GONE,
    unappliedProposals: {},
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'removedFromGroup' },
  }
}

async function advance(
  opened: Opened,
  transition: Transition,
  commit: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<ClientState> {
  const { client, cs } = opened
  const { path } = commit.content.commit
  const merged = path === undefined ? transition.tree : await mergePath(opened, transition, path)
  if (transition.removedLeaves.includes(client.privatePath.leafIndex)) return leave(client)
  const { privatePath, commitSecret } = await secretsOf(opened, transition, merged, path)
  const next = await nextEpoch(client, cs, client.groupContext, merged, commit, commitSecret)
  if (!constantTimeEqual(next.confirmationTag, confirmationTag)) throw new MlsError('mls/bad-commit')
  return enterEpoch(client, cs, next, merged, privatePath)
}

/**
 * @throws MlsError `mls/bad-commit`, `mls/missing-proposal`, `mls/unsupported-proposal`,
 *   `mls/external-commit`, `mls/bad-credential`, `mls/bad-key-package`, `mls/expired`, `mls/duplicate-member`,
 *   `mls/group-full`, `mls/not-a-member`
 */
export async function processCommit(
  ctx: MlsContext,
  opened: Opened,
  sender: number,
  commit: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<ProcessedCommit> {
  const { client } = opened
  return stage('mls/bad-commit', async () => {
    const transition = await judge(ctx, opened, commit.content, toLeafIndex(sender))
    const removed = transition.removedLeaves.map((leaf) => memberAt(client.ratchetTree, leaf))
    const added = transition.added.map(([leaf, keyPackage]) => memberOf(leaf, keyPackage.leafNode))
    const next = await advance(opened, transition, commit, confirmationTag)
    return { client: next, added, removed, removedSelf: next.groupActiveState.kind === 'removedFromGroup' }
  })
}
