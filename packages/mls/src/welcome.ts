/**
 * The Welcome (RFC 9420 section 12.4.3.1): made by the committer for those it adds, opened by one of them.
 * Carries the tree, or the names of its chunks. Knows nothing of how the commit came about.
 */
import { constantTimeEqual, zeroize } from '@hyphae/crypto'
import type { Extension, GroupInfo, KeyPackage, RatchetTree, Welcome } from 'ts-mls'
import { encode } from 'ts-mls/codec/tlsEncoder.js'
import { decryptWithLabel } from 'ts-mls/crypto/hpke.js'
import { decodeGroupInfo, extractWelcomeSecret, groupInfoEncoder, signGroupInfo } from 'ts-mls/groupInfo.js'
import { decodeGroupSecrets, type GroupSecrets, groupSecretsEncoder } from 'ts-mls/groupSecrets.js'
import { encryptGroupInfo, welcomeKey, welcomeNonce } from 'ts-mls/welcome.js'
import { assertSize, decodeExact } from './codec.js'
import { keyPackageBytes } from './commit-codec.js'
import type { AddedLeaf, NextEpoch } from './epoch.js'
import { MlsError } from './errors.js'
import { keyPackageRef, labelled } from './labels.js'
import { MAX_WELCOME_BYTES } from './limits.js'
import { isBelow } from './path.js'
import type { PathSecret } from './path-make.js'
import type { SuiteImpl } from './provider.js'
import type { Opened } from './state.js'
import type { SuiteHash } from './suite.js'
import { type Encapsulated, sealToAll } from './sync-suite.js'
import { MAX_NODES } from './tree.js'
import { type ApartTree, chunkIdsOf, chunksExtension, joinChunks, type TreePlace } from './tree-chunks.js'
import { decodeTree, encodeTree } from './tree-codec.js'
import { encodeWelcome } from './welcome-codec.js'

/** The secrets of the epoch for each newcomer, sealed to the init key of its KeyPackage. */
function sealSecrets(
  { sync: suite }: SuiteImpl,
  { joinerSecret }: NextEpoch['secrets'],
  encryptedGroupInfo: Uint8Array,
  added: readonly AddedLeaf[],
  pathSecrets: readonly PathSecret[],
): Welcome['secrets'] {
  const plaintexts = new Map<PathSecret | undefined, Uint8Array>()
  const recipients = added.map(([leaf, { initKey: publicKey }]) => {
    if (!suite.isKemKey(publicKey)) throw new MlsError('mls/bad-key-package')
    const own = pathSecrets.find(({ step }) => isBelow(leaf, step.copath))
    const plaintext =
      plaintexts.get(own) ?? encode(groupSecretsEncoder)({ joinerSecret, pathSecret: own?.secret, psks: [] })
    plaintexts.set(own, plaintext)
    return { publicKey, plaintext }
  })
  const sealed = sealToAll(suite, recipients, labelled('Welcome', encryptedGroupInfo))
  for (const plaintext of plaintexts.values()) zeroize(plaintext)
  return added.map(([, keyPackage], i) => ({
    newMember: keyPackageRef(suite, keyPackageBytes(keyPackage)),
    encryptedGroupSecrets: sealed[i] as Encapsulated,
  }))
}

/** One Welcome for all that were added; undefined when nobody was. */
export async function buildWelcome(
  { client, cs }: Opened,
  next: NextEpoch,
  tree: RatchetTree,
  added: readonly AddedLeaf[],
  pathSecrets: readonly PathSecret[],
  place: TreePlace,
): Promise<Uint8Array | undefined> {
  if (added.length === 0) return undefined
  const { context, confirmationTag, secrets } = next
  const info = await signGroupInfo(
    {
      groupContext: context,
      extensions: [place === 'inside' ? treeExtension(tree) : chunksExtension(cs.sync.hash, tree)],
      confirmationTag,
      signer: client.privatePath.leafIndex,
    },
    client.signaturePrivateKey,
    cs.signature,
  )
  const encryptedGroupInfo = await encryptGroupInfo(info, secrets.welcomeSecret, cs)
  const sealed = sealSecrets(cs, secrets, encryptedGroupInfo, added, pathSecrets)
  const welcome = { cipherSuite: context.cipherSuite, secrets: sealed, encryptedGroupInfo }
  return encodeWelcome(welcome)
}

/** The secrets that the Welcome holds for this KeyPackage. */
export async function openGroupSecrets(
  cs: SuiteImpl,
  welcome: Welcome,
  keyPackage: KeyPackage,
  initPrivateKey: Uint8Array,
): Promise<GroupSecrets> {
  const reference = keyPackageRef(cs.sync, keyPackageBytes(keyPackage))
  const mine = welcome.secrets.find(({ newMember }) => constantTimeEqual(newMember, reference))
  if (mine === undefined) throw new MlsError('mls/bad-welcome')
  const { kemOutput, ciphertext } = mine.encryptedGroupSecrets
  const plaintext = await decryptWithLabel(
    await cs.hpke.importPrivateKey(initPrivateKey),
    'Welcome',
    welcome.encryptedGroupInfo,
    kemOutput,
    ciphertext,
    cs.hpke,
  )
  const secrets = decodeExact(
    decodeGroupSecrets,
    groupSecretsEncoder,
    plaintext,
    MAX_WELCOME_BYTES,
    'mls/bad-welcome',
  )
  return secrets
}

/** The signed description of the group; its signature is not checked here. */
export async function openGroupInfo(
  cs: SuiteImpl,
  welcome: Welcome,
  joinerSecret: Uint8Array,
  pskSecret: Uint8Array = new Uint8Array(cs.kdf.size),
): Promise<GroupInfo> {
  const secret = await extractWelcomeSecret(joinerSecret, pskSecret, cs.kdf)
  const plaintext = await cs.hpke.decryptAead(
    await welcomeKey(secret, cs),
    await welcomeNonce(secret, cs),
    undefined,
    welcome.encryptedGroupInfo,
  )
  return decodeExact(decodeGroupInfo, groupInfoEncoder, plaintext, MAX_WELCOME_BYTES, 'mls/bad-welcome')
}

function treeExtension(tree: RatchetTree): Extension {
  return { extensionType: 'ratchet_tree', extensionData: encodeTree(tree) }
}

function treeInside({ extensions }: GroupInfo): RatchetTree | null {
  const [first, second] = extensions.filter(({ extensionType }) => extensionType === 'ratchet_tree')
  if (second !== undefined) throw new MlsError('mls/bad-welcome')
  return first === undefined ? null : decodeTree(first.extensionData, MAX_NODES, 'mls/bad-welcome')
}

/** The tree that the GroupInfo carries: exactly one, canonical; its content is not checked here. */
export function treeOf(info: GroupInfo): RatchetTree {
  const tree = treeInside(info)
  if (tree === null) throw new MlsError('mls/bad-welcome')
  return tree
}

/**
 * The tree inside the GroupInfo, or the one that came apart from it; its content is not checked here.
 * @throws MlsError `mls/bad-welcome`, `mls/missing-chunk`, `mls/too-large`
 */
export function treeFrom(info: GroupInfo, hash: SuiteHash, apart: ApartTree): RatchetTree {
  const inside = treeInside(info)
  if (inside !== null) return inside
  if (apart.tree !== undefined) {
    assertSize(apart.tree, MAX_WELCOME_BYTES)
    return decodeTree(apart.tree.slice(), MAX_NODES, 'mls/bad-welcome')
  }
  const ids = chunkIdsOf(info)
  if (ids === null) throw new MlsError('mls/bad-welcome')
  return joinChunks(hash, ids, apart.chunks ?? [])
}
