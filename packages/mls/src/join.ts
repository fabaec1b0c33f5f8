/**
 * Joining from a Welcome (RFC 9420 section 12.4.3.1). Nothing exists until every check has passed. Takes no
 * pre-shared keys and no group from elsewhere.
 */
import { GROUP_ID_BYTES } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import type { GroupInfo, LeafNode, PrivateKeyPath, RatchetTree, Welcome } from 'ts-mls'
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js'
import type { GroupSecrets } from 'ts-mls/groupSecrets.js'
import { deriveKeySchedule } from 'ts-mls/keySchedule.js'
import { leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js'
import type { MlsContext } from './context.js'
import { MlsError, stage } from './errors.js'
import { decodePair, type KeyPackagePair, lifetimeCheck } from './key-package.js'
import { assertKeyPackage } from './leaf.js'
import { MAX_EPOCH } from './limits.js'
import { commonAncestor, derivePath, filteredPath, keepLiveKeys } from './path.js'
import { type SuiteImpl, suiteOf } from './provider.js'
import { pskSecretOf } from './psk.js'
import { isSupported, rolesIn } from './roles/extension.js'
import { createSecretTree } from './secret-tree.js'
import { type GroupState, leafAt, wrapState } from './state.js'
import { suiteIdOf } from './suite.js'
import { assertJoinableTree } from './tree.js'
import { type ApartTree, chunkIdsOf, splitIds } from './tree-chunks.js'
import { leafLike } from './tree-codec.js'
import { openGroupInfo, openGroupSecrets, treeFrom } from './welcome.js'
import { decodeWelcome } from './welcome-codec.js'

export interface Invitation {
  /** As `createKeyPackage` gave it. */
  readonly keyPackage: Uint8Array
  /** As `createKeyPackage` gave it. */
  readonly secret: Uint8Array
  readonly welcome: Uint8Array
  /** The tree, when the Welcome has only the names of its chunks: all of them, in any order. */
  readonly chunks?: readonly Uint8Array[]
  /** The tree as one ratchet_tree, when it came by another way. */
  readonly tree?: Uint8Array
}

/** What the group says of itself must be something this member can take part in. */
function assertJoinableContext(
  ctx: MlsContext,
  { groupContext }: GroupInfo,
  { leafNode, cipherSuite }: KeyPackagePair['publicPackage'],
): void {
  const { extensions, epoch, groupId, version } = groupContext
  const fits =
    version === 'mls10' &&
    groupContext.cipherSuite === cipherSuite &&
    (groupId.length === GROUP_ID_BYTES || ctx.interop?.wide !== undefined) &&
    epoch <= MAX_EPOCH &&
    isSupported(extensions, leafNode.capabilities)
  if (!fits) throw new MlsError('mls/bad-welcome')
  rolesIn(ctx, extensions, 'mls/bad-welcome')
}

/** Sections 12.4.3.1: the signer is a member, signed this, and knows the epoch it describes. */
async function assertAuthentic(
  cs: SuiteImpl,
  info: GroupInfo,
  tree: RatchetTree,
  joinerSecret: Uint8Array,
  pskSecret: Uint8Array,
): Promise<void> {
  const signer: LeafNode | null = leafAt(tree, info.signer)
  if (signer === null || !(await verifyGroupInfoSignature(info, signer.signaturePublicKey, cs.signature)))
    throw new MlsError('mls/bad-welcome')
  if (!(await verifyGroupInfoConfirmationTag(info, joinerSecret, pskSecret, cs)))
    throw new MlsError('mls/bad-welcome')
}

async function ownKeys(
  cs: SuiteImpl,
  { publicPackage, privatePackage }: KeyPackagePair,
  { pathSecret }: GroupSecrets,
  info: GroupInfo,
  tree: RatchetTree,
): Promise<PrivateKeyPath> {
  const leaf = leafLike(tree, publicPackage.leafNode)
  if (leaf === null) throw new MlsError('mls/bad-welcome')
  const signer = toLeafIndex(info.signer)
  const leafKey = { [leafToNodeIndex(leaf)]: privatePackage.hpkePrivateKey }
  if (pathSecret === undefined) return { leafIndex: leaf, privateKeys: leafKey }
  const ancestor = commonAncestor(filteredPath(tree, signer), leaf) ?? -1
  const { keys } = derivePath(cs, tree, signer, ancestor, pathSecret, 'mls/bad-welcome')
  return keepLiveKeys(tree, { leafIndex: leaf, privateKeys: { ...keys, ...leafKey } })
}

async function join(
  ctx: MlsContext,
  cs: SuiteImpl,
  pair: KeyPackagePair,
  welcome: Welcome,
  apart: ApartTree,
): Promise<GroupState> {
  const { publicPackage, privatePackage } = pair
  const secrets = await openGroupSecrets(cs, welcome, publicPackage, privatePackage.initPrivateKey)
  const pskSecret = await pskSecretOf(ctx, cs, secrets.psks, 'mls/bad-welcome')
  const info = await openGroupInfo(cs, welcome, secrets.joinerSecret, pskSecret)
  assertJoinableContext(ctx, info, publicPackage)
  const tree = treeFrom(info, cs.sync.hash, apart)
  await assertJoinableTree(ctx, cs, tree, info.groupContext)
  await assertAuthentic(cs, info, tree, secrets.joinerSecret, pskSecret)
  const privatePath = await ownKeys(cs, pair, secrets, info, tree)
  const { joinerSecret } = secrets
  const [keySchedule, encryption] = await deriveKeySchedule(
    joinerSecret,
    pskSecret,
    info.groupContext,
    cs.kdf,
  )
  const secretTree = createSecretTree(leafWidth(tree.length), encryption)
  zeroize(encryption, joinerSecret)
  return wrapState({
    groupContext: info.groupContext,
    ratchetTree: tree,
    privatePath,
    signaturePrivateKey: privatePackage.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree,
    pastEpochs: new Map(),
    groupActiveState: { kind: 'active' },
  })
}

interface OpenInvitation {
  readonly welcome: Welcome
  readonly pair: KeyPackagePair
  readonly cs: SuiteImpl
}

function openInvitation(ctx: MlsContext, invitation: Invitation): OpenInvitation {
  const welcome = decodeWelcome(invitation.welcome)
  const pair = decodePair(ctx, invitation.keyPackage, invitation.secret)
  const { cipherSuite } = pair.publicPackage
  const suite = suiteIdOf(cipherSuite)
  if (suite === null || welcome.cipherSuite !== cipherSuite) throw new MlsError('mls/bad-welcome')
  return { welcome, pair, cs: suiteOf(ctx.crypto, suite, ctx.suites) }
}

/**
 * The group this Welcome invites to, in the epoch that the commit behind it began.
 * @throws MlsError `mls/bad-welcome`, `mls/bad-key-package`, `mls/expired`, `mls/bad-credential`,
 *   `mls/duplicate-member`, `mls/group-full`, `mls/too-large`, `mls/bad-snapshot`, `mls/missing-chunk`
 */
export async function joinGroup(ctx: MlsContext, invitation: Invitation): Promise<GroupState> {
  const { welcome, pair, cs } = openInvitation(ctx, invitation)
  assertKeyPackage(pair.publicPackage, cs.sync, lifetimeCheck(ctx))
  return stage('mls/bad-welcome', () => join(ctx, cs, pair, welcome, invitation))
}

/**
 * The names of the chunks that the tree is in, in order, to be fetched before joining; none when the Welcome has
 * the tree itself. Nothing of the Welcome is proved yet.
 * @throws MlsError `mls/bad-welcome`, `mls/bad-key-package`, `mls/too-large`, `mls/bad-snapshot`
 */
export async function chunksWanted(ctx: MlsContext, invitation: Invitation): Promise<Uint8Array[]> {
  const { welcome, pair, cs } = openInvitation(ctx, invitation)
  const { publicPackage, privatePackage } = pair
  return stage('mls/bad-welcome', async () => {
    const secrets = await openGroupSecrets(cs, welcome, publicPackage, privatePackage.initPrivateKey)
    const ids = chunkIdsOf(
      await openGroupInfo(
        cs,
        welcome,
        secrets.joinerSecret,
        await pskSecretOf(ctx, cs, secrets.psks, 'mls/bad-welcome'),
      ),
    )
    return ids === null ? [] : splitIds(cs.sync.hash, ids)
  })
}
