/**
 * Applying another member's commit (RFC 9420 section 12.4.2). The input is signed by a member already; here
 * it is judged as a transition of the parent state, so that rules about who may do what can join in.
 */

import { constantTimeEqual } from '@hyphae/crypto'
import type { PrivateKeyPath, RatchetTree, UpdatePath } from 'ts-mls'
import type { FramedContentCommit } from 'ts-mls/framedContent.js'
import { directPath, type LeafIndex, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js'
import { type Applied, applyProposals, assertSignedLeaf } from './apply.js'
import type { MlsContext } from './context.js'
import { enterEpoch, nextEpoch, type SignedCommit } from './epoch.js'
import { MlsError, stage } from './errors.js'
import { lifetimeCheck } from './key-package.js'
import { assertKeyPackage } from './leaf.js'
import { assertPathShape, keepLiveKeys, mergeUpdatePath, openPath } from './path.js'
import { assertSuccessor, resolveProposals } from './proposals.js'
import { pskSecretOf } from './psk.js'
import { assertAllowed } from './roles/transition.js'
import { NO_SECRET_TREE } from './secret-tree.js'
import { type ClientState, type Member, memberAt, memberOf, type Opened } from './state.js'
import { assertUniqueChange } from './tree.js'
import { hashTree } from './tree-hash.js'

export interface ProcessedCommit {
  readonly client: ClientState
  readonly added: Member[]
  readonly removed: Member[]
  readonly removedSelf: boolean
  /** Whether it needed a right that not everybody has. */
  readonly privileged: boolean
}

export interface Transition extends Applied {
  readonly committer: LeafIndex
  readonly privileged: boolean
  /** From an external commit, whose committer has no leaf to succeed: what the epoch begins with instead. */
  readonly externalInit?: Uint8Array
  readonly pskSecret?: Uint8Array
}

/** The rules on proposals and roles, and what the proposals make of the group. */
async function judge(
  ctx: MlsContext,
  opened: Opened,
  content: FramedContentCommit,
  committer: LeafIndex,
): Promise<Transition> {
  const { client, cs } = opened
  const proposals = resolveProposals(ctx, client, content.commit.proposals, committer)
  const check = lifetimeCheck(ctx)
  for (const { proposal } of proposals)
    if (proposal.proposalType === 'add') assertKeyPackage(proposal.add.keyPackage, cs.sync, check)
  const applied = await applyProposals(ctx, opened, proposals, committer, 'mls/bad-commit')
  if (content.commit.path === undefined && applied.needsPath) throw new MlsError('mls/bad-commit')
  const privileged = assertAllowed(ctx, client, { kind: 'member', leaf: committer }, proposals, applied)
  const ids = proposals.flatMap(({ proposal }) =>
    proposal.proposalType === 'psk' ? [proposal.psk.preSharedKeyId] : [],
  )
  const pskSecret = await pskSecretOf(ctx, cs, ids, 'mls/bad-commit')
  return { ...applied, committer, privileged, pskSecret }
}

/** Section 12.4.2: the committer's new leaf and the tree with its path. */
async function mergePath(
  ctx: MlsContext,
  opened: Opened,
  { tree, added, committer, extensions, externalInit }: Transition,
  path: UpdatePath,
): Promise<RatchetTree> {
  if (externalInit === undefined) assertSuccessor(opened, committer, path.leafNode, 'mls/bad-commit')
  await assertSignedLeaf(ctx, opened, path.leafNode, committer, extensions)
  const steps = assertPathShape(tree, committer, path, new Set(added.map(([leaf]) => leafToNodeIndex(leaf))))
  const merged = mergeUpdatePath(opened.cs, tree, opened.client.ratchetTree, committer, path, steps)
  const leafNode = leafToNodeIndex(committer)
  assertUniqueChange(merged, [leafNode, ...directPath(leafNode, leafWidth(merged.length))])
  return merged
}

interface Secrets {
  readonly privatePath: PrivateKeyPath
  readonly commitSecret: Uint8Array
}

function secretsOf(
  { client, cs }: Opened,
  transition: Transition,
  merged: RatchetTree,
  path: UpdatePath | undefined,
): Secrets {
  const { privatePath, groupContext } = client
  const { extensions } = transition
  if (path === undefined)
    return { privatePath: keepLiveKeys(merged, privatePath), commitSecret: new Uint8Array(cs.kdf.size) }
  const treeHash = hashTree(cs.sync.hash, merged, client.ratchetTree).root
  const provisional = { ...groupContext, extensions, treeHash, epoch: groupContext.epoch + 1n }
  const newcomers = transition.added.map(([leaf]) => leafToNodeIndex(leaf))
  const { committer } = transition
  const { keys, commitSecret } = openPath(cs, merged, privatePath, committer, provisional, path, newcomers)
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
    secretTree: NO_SECRET_TREE,
    privatePath: { leafIndex: client.privatePath.leafIndex, privateKeys: {} },
    signaturePrivateKey: GONE,
    unappliedProposals: {},
    pastEpochs: new Map(),
    groupActiveState: { kind: 'removedFromGroup' },
  }
}

/** The state in the next epoch, once confirmation tag and path hold. @throws MlsError `mls/bad-commit` */
export async function advance(
  ctx: MlsContext,
  opened: Opened,
  transition: Transition,
  commit: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<ClientState> {
  const { client, cs } = opened
  const { path } = commit.content.commit
  const merged = path === undefined ? transition.tree : await mergePath(ctx, opened, transition, path)
  if (transition.removed.includes(client.privatePath.leafIndex)) return leave(client)
  const { privatePath, commitSecret } = secretsOf(opened, transition, merged, path)
  const context = { ...client.groupContext, extensions: transition.extensions }
  const initSecret = transition.externalInit ?? client.keySchedule.initSecret
  const from = { ...client, keySchedule: { ...client.keySchedule, initSecret } }
  const { pskSecret } = transition
  const signed = pskSecret === undefined ? commit : { ...commit, pskSecret }
  const next = await nextEpoch(from, cs, context, merged, signed, commitSecret)
  if (!constantTimeEqual(next.confirmationTag, confirmationTag)) throw new MlsError('mls/bad-commit')
  return enterEpoch(client, next, merged, privatePath)
}

/**
 * @throws MlsError `mls/bad-commit`, `mls/missing-proposal`, `mls/unsupported-proposal`, `mls/not-permitted`,
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
    const removed = transition.removed.map((leaf) => memberAt(client.ratchetTree, leaf))
    const added = transition.added.map(([leaf, keyPackage]) => memberOf(leaf, keyPackage.leafNode))
    const next = await advance(ctx, opened, transition, commit, confirmationTag)
    const removedSelf = next.groupActiveState.kind === 'removedFromGroup'
    return { client: next, added, removed, removedSelf, privileged: transition.privileged }
  })
}
