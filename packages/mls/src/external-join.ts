/**
 * Coming into a group by one's own commit (RFC 9420 section 12.4.3.2), where its rule permits that: a device
 * that has lost its state takes its own place again, or an account brings in another device. The commit is a
 * PublicMessage, as the RFC demands; whatever carries it should seal it.
 */
import { equalBytes, GROUP_ID_BYTES } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import type { GroupInfo, Proposal, ProposalOrRef, RatchetTree } from 'ts-mls'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { protectPublicMessage } from 'ts-mls/messageProtectionPublic.js'
import type { Applied } from './apply.js'
import { encodeMessage } from './codec.js'
import { clientConfig, type MlsContext, type MlsIdentity } from './context.js'
import { enterEpoch, nextEpoch, type SignedCommit } from './epoch.js'
import { MlsError, stage } from './errors.js'
import { assertSignedInfo, decodeGroupInfo, externalKeyOf } from './external-info.js'
import { generatePair, type KeyPackagePair } from './key-package.js'
import { MAX_EPOCH } from './limits.js'
import { makePath } from './path-make.js'
import { assertNewcomersWelcome, EXTERNAL_INIT_LABEL, placeNewcomer } from './process-external.js'
import { type SuiteImpl, suiteOf } from './provider.js'
import { isSupported, rolesIn } from './roles/extension.js'
import { assertAllowed, newcomer } from './roles/transition.js'
import { NO_SECRET_TREE } from './secret-tree.js'
import type { SigningKey } from './signing.js'
import { type ClientState, credentialBytes, type GroupState, leafAt, wrapState } from './state.js'
import { suiteIdOf } from './suite.js'
import { assertJoinableTree } from './tree.js'
import { treeOf } from './welcome.js'

const EMPTY = new Uint8Array()

export interface ExternalJoin {
  /** As `exportGroupInfo` of a member gave it, in the epoch to be joined. */
  readonly groupInfo: Uint8Array
  /**
   * A leaf of the same account to be removed with the commit. Left out, the leaf that carries this very
   * credential, if there is one: the device takes its own place again.
   */
  readonly replaces?: number
}

/** What a newcomer knows of the group: everything but its secrets. */
function outsideState(
  ctx: MlsContext,
  cs: SuiteImpl,
  info: GroupInfo,
  tree: RatchetTree,
  pair: KeyPackagePair,
): ClientState {
  const keySchedule = {
    senderDataSecret: EMPTY,
    exporterSecret: EMPTY,
    externalSecret: EMPTY,
    confirmationKey: EMPTY,
    membershipKey: EMPTY,
    resumptionPsk: EMPTY,
    epochAuthenticator: EMPTY,
    initSecret: new Uint8Array(cs.kdf.size),
  }
  return {
    groupContext: info.groupContext,
    ratchetTree: tree,
    privatePath: { leafIndex: 0, privateKeys: {} },
    signaturePrivateKey: pair.privatePackage.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree: NO_SECRET_TREE,
    pastEpochs: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: clientConfig(ctx),
  }
}

function assertJoinable(ctx: MlsContext, info: GroupInfo, pair: KeyPackagePair): void {
  const { groupContext } = info
  const { leafNode, cipherSuite } = pair.publicPackage
  const fits =
    groupContext.version === 'mls10' &&
    groupContext.cipherSuite === cipherSuite &&
    (groupContext.groupId.length === GROUP_ID_BYTES || ctx.interop?.wide !== undefined) &&
    groupContext.epoch < MAX_EPOCH &&
    isSupported(groupContext.extensions, leafNode.capabilities)
  if (!fits) throw new MlsError('mls/bad-welcome')
}

/** The leaf that this identity has in the group already. */
function ownLeaves(tree: RatchetTree, credential: Uint8Array, replaces: number | undefined): number[] {
  if (replaces !== undefined) {
    if (leafAt(tree, replaces) === null)
      throw new MlsError('mls/not-a-member', { details: { leaf: replaces } })
    return [replaces]
  }
  const found = tree.findIndex(
    (node) => node?.nodeType === 'leaf' && equalBytes(credentialBytes(node.leaf), credential),
  )
  return found < 0 ? [] : [found / 2]
}

interface Entrance {
  readonly client: ClientState
  readonly cs: SuiteImpl
  readonly pair: KeyPackagePair
  readonly removed: readonly number[]
  readonly kemOutput: Uint8Array
  readonly initSecret: Uint8Array
}

/** The commit and the state after it. */
async function enter({ client, cs, pair, removed, kemOutput, initSecret }: Entrance): Promise<{
  state: GroupState
  commit: Uint8Array
}> {
  const { groupContext: context, ratchetTree: known, signaturePrivateKey: signatureKey } = client
  const { tree: start, committer } = placeNewcomer(client, pair.publicPackage.leafNode, removed)
  const own = { leafIndex: committer, privateKeys: {} }
  const made = makePath(cs, { tree: start, known, own, signatureKey, context, newcomers: [] })
  const { tree, path, privatePath, commitSecret } = made
  const proposals: Proposal[] = [
    { proposalType: 'external_init', externalInit: { kemOutput } },
    ...removed.map((one): Proposal => ({ proposalType: 'remove', remove: { removed: one } })),
  ]
  const inline = proposals.map((proposal): ProposalOrRef => ({ proposalOrRefType: 'proposal', proposal }))
  const signed = await signCommit(client, cs, { proposals: inline, path })
  const from = { ...client, keySchedule: { ...client.keySchedule, initSecret } }
  const next = await nextEpoch(from, cs, context, tree, signed, commitSecret)
  zeroize(initSecret)
  const { clientConfig: _, ...entered } = enterEpoch(client, next, tree, privatePath)
  // The epoch before is not this member's: it never had the keys to read it.
  const state = wrapState({ ...entered, pastEpochs: new Map() })
  return { state, commit: await publish(client, cs, signed, next.confirmationTag) }
}

async function signCommit(
  { groupContext, signaturePrivateKey }: ClientState,
  cs: SuiteImpl,
  commit: SignedCommit['content']['commit'],
): Promise<SignedCommit> {
  const wireformat = 'mls_public_message'
  const sender = { senderType: 'new_member_commit' as const }
  const { framedContent, signature } = await createContentCommitSignature(
    groupContext,
    wireformat,
    commit,
    sender,
    EMPTY,
    signaturePrivateKey,
    cs.signature,
  )
  return { content: framedContent, signature, wireformat }
}

async function publish(
  { groupContext }: ClientState,
  cs: SuiteImpl,
  { content, signature }: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<Uint8Array> {
  const wireformat = 'mls_public_message'
  const auth = { contentType: 'commit' as const, signature, confirmationTag }
  const publicMessage = await protectPublicMessage(EMPTY, groupContext, { wireformat, content, auth }, cs)
  return encodeMessage({ version: 'mls10', wireformat, publicMessage })
}

/** Whether the group would take this newcomer, judged as its members will. */
function assertWelcome(ctx: MlsContext, client: ClientState, pair: KeyPackagePair, removed: number[]): void {
  assertNewcomersWelcome(ctx, client)
  const { extensions } = client.groupContext
  const roles = rolesIn(ctx, extensions, 'mls/bad-welcome')
  const { tree } = placeNewcomer(client, pair.publicPackage.leafNode, removed)
  const applied: Applied = { tree, extensions, roles, added: [], removed, updated: [], needsPath: true }
  const who = newcomer(ctx, client, pair.publicPackage.leafNode, removed)
  const proposals = removed.map((leaf) => ({
    proposal: { proposalType: 'remove' as const, remove: { removed: leaf } },
    sender: leaf,
    inline: true,
  }))
  assertAllowed(ctx, client, who, proposals, applied)
}

/**
 * A state in the next epoch and the commit that begins it. Others take it only if no other commit of the epoch
 * stands before it: keep the state back until it does.
 * @throws MlsError `mls/bad-welcome`, `mls/external-commit`, `mls/not-permitted`, `mls/bad-credential`,
 *   `mls/duplicate-member`, `mls/group-full`, `mls/not-a-member`, `mls/too-large`
 */
export async function joinExternally(
  ctx: MlsContext,
  identity: MlsIdentity<SigningKey>,
  { groupInfo, replaces }: ExternalJoin,
): Promise<{ state: GroupState; commit: Uint8Array }> {
  const info = decodeGroupInfo(groupInfo)
  const suite = suiteIdOf(info.groupContext.cipherSuite)
  if (suite === null) throw new MlsError('mls/bad-welcome')
  const cs = suiteOf(ctx.crypto, suite, ctx.suites)
  const pair = await generatePair({ ...ctx, suite }, identity)
  return stage('mls/bad-welcome', async () => {
    assertJoinable(ctx, info, pair)
    const tree = treeOf(info)
    await assertJoinableTree(ctx, cs, tree, info.groupContext)
    await assertSignedInfo(cs, info)
    const client = outsideState(ctx, cs, info, tree, pair)
    const removed = ownLeaves(tree, identity.credential, replaces)
    assertWelcome(ctx, client, pair, removed)
    const key = await cs.hpke.importPublicKey(externalKeyOf(info))
    const sent = await cs.hpke.exportSecret(key, EXTERNAL_INIT_LABEL, cs.kdf.size, EMPTY)
    return enter({ client, cs, pair, removed, kemOutput: sent.enc, initSecret: sent.secret })
  })
}
