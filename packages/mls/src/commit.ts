/**
 * Making commits (RFC 9420 section 12.4.1) and the Welcome that goes with them. Every commit carries an
 * update path: whoever commits refreshes its own keys with it. Written here because ts-mls's builder takes
 * the system clock, puts every pending proposal in, leaves the path out where the RFC asks for one, and
 * encrypts paths under the old extensions.
 */
import type {
  CiphersuiteImpl,
  ClientState,
  GroupContext,
  PrivateKeyPath,
  Proposal,
  ProposalOrRef,
  RatchetTree,
  UpdatePath,
} from 'ts-mls'
import { applyProposals } from 'ts-mls/clientState.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { protect } from 'ts-mls/messageProtection.js'
import { pathToPathSecrets } from 'ts-mls/pathSecrets.js'
import { toPrivateKeyPath } from 'ts-mls/privateKeyPath.js'
import { emptyPskIndex } from 'ts-mls/pskIndex.js'
import { leafToNodeIndex, toLeafIndex } from 'ts-mls/treemath.js'
import { createUpdatePath, type PathSecret } from 'ts-mls/updatePath.js'
import { encodeMessage } from './codec.js'
import { type AddedLeaf, enterEpoch, type NextEpoch, nextEpoch, type SignedCommit } from './epoch.js'
import { MlsError, stage } from './errors.js'
import { keepLiveKeys } from './path.js'
import { pendingLeaves } from './proposals.js'
import type { Opened } from './state.js'
import { assertMemberCount, assertUniqueChange } from './tree.js'
import { buildWelcome } from './welcome.js'

const EMPTY = new Uint8Array()

export interface BuiltCommit {
  readonly client: ClientState
  readonly commit: Uint8Array
  /** Undefined when nobody was added. */
  readonly welcome: Uint8Array | undefined
  readonly added: readonly AddedLeaf[]
}

interface AppliedProposals {
  readonly entries: ProposalOrRef[]
  readonly tree: RatchetTree
  readonly added: AddedLeaf[]
}

interface RefreshedPath {
  readonly tree: RatchetTree
  readonly path: UpdatePath
  readonly secrets: readonly PathSecret[]
  readonly privatePath: PrivateKeyPath
  readonly commitSecret: Uint8Array
}

async function apply({ client, cs }: Opened, proposals: readonly Proposal[]): Promise<AppliedProposals> {
  const entries = proposals.map((proposal): ProposalOrRef => ({ proposalOrRefType: 'proposal', proposal }))
  const own = toLeafIndex(client.privatePath.leafIndex)
  // `false`: lifetimes were checked on the injected clock, which ts-mls does not know.
  const result = await applyProposals(client, entries, own, emptyPskIndex, false, cs)
  if (result.additionalResult.kind !== 'memberCommit' || result.selfRemoved)
    throw new MlsError('mls/bad-commit')
  const added = result.additionalResult.addedLeafNodes
  assertMemberCount(result.tree)
  assertUniqueChange(
    result.tree,
    added.map(([leaf]) => leafToNodeIndex(leaf)),
  )
  return { entries, tree: result.tree, added }
}

/** Together with the leaves that others have proposed; without them when that does not fit. */
async function applyWithPending(opened: Opened, proposals: readonly Proposal[]): Promise<AppliedProposals> {
  const adds = proposals.some(({ proposalType }) => proposalType === 'add')
  const removing = new Set(proposals.flatMap((p) => (p.proposalType === 'remove' ? [p.remove.removed] : [])))
  const pending = pendingLeaves(opened.client, removing)
  try {
    if (pending.length > 0) return await apply(opened, [...pending, ...proposals])
  } catch {
    // One that does not fit must not keep this member from committing; the reason is of no use to it.
  }
  return stage(adds ? 'mls/bad-key-package' : 'mls/bad-commit', () => apply(opened, proposals))
}

async function refresh(
  { client, cs }: Opened,
  context: GroupContext,
  { tree, added }: AppliedProposals,
): Promise<RefreshedPath> {
  const own = toLeafIndex(client.privatePath.leafIndex)
  const newcomers = added.map(([leaf]) => leafToNodeIndex(leaf))
  const [newTree, path, secrets, leafKey] = await createUpdatePath(
    tree,
    own,
    context,
    client.signaturePrivateKey,
    cs,
    newcomers,
  )
  const { privateKeys } = await toPrivateKeyPath(pathToPathSecrets(secrets), own, cs)
  const ownKey = await cs.hpke.exportPrivateKey(leafKey)
  const top = secrets.at(-1)
  return {
    tree: newTree,
    path,
    secrets,
    privatePath: keepLiveKeys(newTree, {
      leafIndex: own,
      privateKeys: { ...client.privatePath.privateKeys, ...privateKeys, [leafToNodeIndex(own)]: ownKey },
    }),
    // Alone in the group nobody else derives it, so fresh randomness serves.
    commitSecret:
      top === undefined ? cs.rng.randomBytes(cs.kdf.size) : await deriveSecret(top.secret, 'path', cs.kdf),
  }
}

async function sign(
  { client, cs }: Opened,
  proposals: ProposalOrRef[],
  path: UpdatePath,
): Promise<SignedCommit> {
  const { framedContent, signature } = await createContentCommitSignature(
    client.groupContext,
    'mls_private_message',
    { proposals, path },
    { senderType: 'member', leafIndex: client.privatePath.leafIndex },
    EMPTY,
    client.signaturePrivateKey,
    cs.signature,
  )
  return { content: framedContent, signature, wireformat: 'mls_private_message' }
}

/** The commit as a PrivateMessage of the epoch it ends, and that epoch's secret tree after it. */
async function seal(
  client: ClientState,
  cs: CiphersuiteImpl,
  { content, signature }: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<{ commit: Uint8Array; client: ClientState }> {
  const { privateMessage, tree } = await protect(
    client.keySchedule.senderDataSecret,
    EMPTY,
    client.groupContext,
    client.secretTree,
    { ...content, auth: { contentType: 'commit', signature, confirmationTag } },
    client.privatePath.leafIndex,
    client.clientConfig.paddingConfig,
    cs,
  )
  const commit = encodeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage })
  return { commit, client: { ...client, secretTree: tree } }
}

/**
 * A commit of these proposals and of the pending leaves.
 * @throws MlsError `mls/bad-commit`, `mls/group-full`, `mls/duplicate-member`, `mls/bad-credential`
 */
export async function buildCommit(opened: Opened, proposals: readonly Proposal[]): Promise<BuiltCommit> {
  const { cs } = opened
  return stage('mls/bad-commit', async () => {
    const context = opened.client.groupContext
    const applied = await applyWithPending(opened, proposals)
    const refreshed = await refresh(opened, context, applied)
    const signed = await sign(opened, applied.entries, refreshed.path)
    const { tree, commitSecret, privatePath, secrets } = refreshed
    const next: NextEpoch = await nextEpoch(opened.client, cs, context, tree, signed, commitSecret)
    const sealed = await seal(opened.client, cs, signed, next.confirmationTag)
    const welcome = await buildWelcome(opened, next, tree, applied.added, secrets)
    const client = await enterEpoch(sealed.client, cs, next, tree, privatePath)
    return { client, commit: sealed.commit, welcome, added: applied.added }
  })
}
