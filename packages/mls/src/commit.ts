/**
 * Making commits (RFC 9420 section 12.4.1) and the Welcome that goes with them. Every commit carries an
 * update path: whoever commits refreshes its own keys with it. Written here because ts-mls's builder takes
 * the system clock, puts every pending proposal in, leaves the path out where the RFC asks for one, and
 * encrypts paths under the old extensions.
 */
import { zeroize } from '@hyphae/crypto'
import type { Proposal, ProposalOrRef, UpdatePath } from 'ts-mls'
import type { WireformatName } from 'ts-mls/wireformat.js'
import { type Applied, applyProposals } from './apply.js'
import { commitTbs } from './commit-codec.js'
import type { MlsContext } from './context.js'
import { type AddedLeaf, enterEpoch, type NextEpoch, nextEpoch, type SignedCommit } from './epoch.js'
import { stage } from './errors.js'
import { handshakeWire, sealCommit } from './handshake.js'
import { labelled } from './labels.js'
import { makePath } from './path-make.js'
import { type PendingLeave, pendingLeaves, resolveProposals } from './proposals.js'
import { assertAllowed, removable } from './roles/transition.js'
import type { ClientState, Opened } from './state.js'
import type { TreePlace } from './tree-chunks.js'
import { buildWelcome } from './welcome.js'

const EMPTY = new Uint8Array()

export interface BuiltCommit {
  readonly client: ClientState
  readonly commit: Uint8Array
  /** Undefined when nobody was added. */
  readonly welcome: Uint8Array | undefined
  readonly added: readonly AddedLeaf[]
  /** Whether it needed a right that not everybody has. */
  readonly privileged: boolean
}

interface AppliedRequest extends Applied {
  readonly entries: ProposalOrRef[]
  readonly privileged: boolean
}

/** What this member wants to commit: proposals of its own, and those of others it names. */
export interface CommitRequest {
  readonly proposals: readonly Proposal[]
  /** Leaves that others have proposed, to be named as theirs. */
  readonly leaves?: readonly PendingLeave[]
  /** Where the Welcome has the tree; inside when left out. */
  readonly tree?: TreePlace
}

async function apply(ctx: MlsContext, opened: Opened, request: CommitRequest): Promise<AppliedRequest> {
  const { proposals, leaves = [] } = request
  const { client } = opened
  const own = client.privatePath.leafIndex
  const entries: ProposalOrRef[] = [
    ...leaves.map(({ reference }) => ({ proposalOrRefType: 'reference' as const, reference })),
    ...proposals.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal })),
  ]
  const resolved = resolveProposals(ctx, client, entries, own)
  const applied = await applyProposals(ctx, opened, resolved, own, 'mls/bad-key-package')
  const privileged = assertAllowed(ctx, client, { kind: 'member', leaf: own }, resolved, applied)
  return { ...applied, entries, privileged }
}

/**
 * Leaves go along as this member's own removals where its role permits that; not by reference, because a
 * commit that names a proposal stalls every member whom the proposal has not reached, and whoever proposed it
 * could choose whom. Pending updates stay out for the same reason; their owners can commit by themselves.
 */
async function applyWithPending(
  ctx: MlsContext,
  opened: Opened,
  request: CommitRequest,
): Promise<AppliedRequest> {
  const { client } = opened
  const { proposals } = request
  const taken = new Set(proposals.flatMap((p) => (p.proposalType === 'remove' ? [p.remove.removed] : [])))
  for (const { leaf } of request.leaves ?? []) taken.add(leaf)
  const pending = pendingLeaves(client).flatMap(({ leaf }) => (taken.has(leaf) ? [] : [leaf]))
  const removals = removable(ctx, client, pending).map(
    (removed): Proposal => ({ proposalType: 'remove', remove: { removed } }),
  )
  try {
    if (removals.length > 0)
      return await apply(ctx, opened, { ...request, proposals: [...removals, ...proposals] })
  } catch {
    // What does not fit must not keep this member from committing.
  }
  const adds = proposals.some(({ proposalType }) => proposalType === 'add')
  return stage(adds ? 'mls/bad-key-package' : 'mls/bad-commit', () => apply(ctx, opened, request))
}

function sign(
  { client, cs }: Opened,
  proposals: ProposalOrRef[],
  path: UpdatePath,
  wireformat: WireformatName,
): SignedCommit {
  const { groupContext, privatePath, signaturePrivateKey } = client
  const content = {
    contentType: 'commit' as const,
    commit: { proposals, path },
    groupId: groupContext.groupId,
    epoch: groupContext.epoch,
    sender: { senderType: 'member' as const, leafIndex: privatePath.leafIndex },
    authenticatedData: EMPTY,
  }
  const tbs = commitTbs(wireformat, content, groupContext)
  const signature = cs.sync.sign(signaturePrivateKey, labelled('FramedContentTBS', tbs))
  return { content, signature, wireformat }
}

/**
 * A commit of this request and of the pending leaves that this member may commit.
 * @throws MlsError `mls/bad-commit`, `mls/group-full`, `mls/duplicate-member`, `mls/bad-credential`,
 *   `mls/not-permitted`, `mls/bad-key-package`
 */
export async function buildCommit(
  ctx: MlsContext,
  opened: Opened,
  request: CommitRequest,
): Promise<BuiltCommit> {
  const { cs } = opened
  return stage('mls/bad-commit', async () => {
    const applied = await applyWithPending(ctx, opened, request)
    // Sections 7.6 and 12.4.1: paths are encrypted under the extensions of the next epoch.
    const context = { ...opened.client.groupContext, extensions: applied.extensions }
    const { ratchetTree, privatePath: own, signaturePrivateKey } = opened.client
    const refreshed = makePath(cs, {
      tree: applied.tree,
      known: ratchetTree,
      own,
      signatureKey: signaturePrivateKey,
      context,
      newcomers: applied.added.map(([leaf]) => leaf),
    })
    const signed = sign(opened, applied.entries, refreshed.path, handshakeWire(ctx))
    const { tree, commitSecret, privatePath, secrets } = refreshed
    const next: NextEpoch = await nextEpoch(opened.client, cs, context, tree, signed, commitSecret)
    const sealed = await sealCommit(opened.client, cs, signed, next.confirmationTag)
    const welcome = await buildWelcome(opened, next, tree, applied.added, secrets, request.tree ?? 'inside')
    for (const { secret } of secrets) zeroize(secret)
    const client = enterEpoch(sealed.client, next, tree, privatePath)
    const { added, privileged } = applied
    return { client, commit: sealed.message, welcome, added, privileged }
  })
}
