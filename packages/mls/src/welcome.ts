/**
 * The Welcome (RFC 9420 section 12.4.3.1): made by the committer for those it adds, opened by one of them.
 * Carries the whole tree. Knows nothing of how the commit came about.
 */
import { constantTimeEqual } from '@hyphae/crypto'
import type { CiphersuiteImpl, GroupInfo, KeyPackage, RatchetTree, Welcome } from 'ts-mls'
import { decryptWithLabel } from 'ts-mls/crypto/hpke.js'
import { decodeGroupInfo, extractWelcomeSecret, groupInfoEncoder, signGroupInfo } from 'ts-mls/groupInfo.js'
import { decodeGroupSecrets, type GroupSecrets, groupSecretsEncoder } from 'ts-mls/groupSecrets.js'
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js'
import { encryptGroupInfo, encryptGroupSecrets, welcomeKey, welcomeNonce } from 'ts-mls/welcome.js'
import { decodeExact, encodeMessage } from './codec.js'
import type { AddedLeaf, NextEpoch } from './epoch.js'
import { MlsError } from './errors.js'
import { MAX_WELCOME_BYTES } from './limits.js'
import { isBelow } from './path.js'
import type { PathSecret } from './path-make.js'
import type { Opened } from './state.js'
import { MAX_NODES } from './tree.js'
import { decodeTree, encodeTree } from './tree-codec.js'

/** One Welcome for all that were added; undefined when nobody was. */
export async function buildWelcome(
  { client, cs }: Opened,
  next: NextEpoch,
  tree: RatchetTree,
  added: readonly AddedLeaf[],
  pathSecrets: readonly PathSecret[],
): Promise<Uint8Array | undefined> {
  if (added.length === 0) return undefined
  const { context, confirmationTag, secrets } = next
  const info = await signGroupInfo(
    {
      groupContext: context,
      extensions: [{ extensionType: 'ratchet_tree', extensionData: encodeTree(tree) }],
      confirmationTag,
      signer: client.privatePath.leafIndex,
    },
    client.signaturePrivateKey,
    cs.signature,
  )
  const encryptedGroupInfo = await encryptGroupInfo(info, secrets.welcomeSecret, cs)
  const sealed: Welcome['secrets'] = []
  for (const [leaf, keyPackage] of added) {
    const pathSecret = pathSecrets.find(({ step }) => isBelow(leaf, step.copath))?.secret
    const initKey = await cs.hpke.importPublicKey(keyPackage.initKey)
    const { joinerSecret } = secrets
    const egs = await encryptGroupSecrets(
      initKey,
      encryptedGroupInfo,
      { joinerSecret, pathSecret, psks: [] },
      cs.hpke,
    )
    sealed.push({
      newMember: await makeKeyPackageRef(keyPackage, cs.hash),
      encryptedGroupSecrets: { kemOutput: egs.enc, ciphertext: egs.ct },
    })
  }
  const { cipherSuite } = context
  return encodeMessage({
    version: 'mls10',
    wireformat: 'mls_welcome',
    welcome: { cipherSuite, secrets: sealed, encryptedGroupInfo },
  })
}

/** The secrets that the Welcome holds for this KeyPackage. */
export async function openGroupSecrets(
  cs: CiphersuiteImpl,
  welcome: Welcome,
  keyPackage: KeyPackage,
  initPrivateKey: Uint8Array,
): Promise<GroupSecrets> {
  const reference = await makeKeyPackageRef(keyPackage, cs.hash)
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
  if (secrets.psks.length > 0) throw new MlsError('mls/bad-welcome')
  return secrets
}

/** The signed description of the group; its signature is not checked here. */
export async function openGroupInfo(
  cs: CiphersuiteImpl,
  welcome: Welcome,
  joinerSecret: Uint8Array,
): Promise<GroupInfo> {
  const secret = await extractWelcomeSecret(joinerSecret, new Uint8Array(cs.kdf.size), cs.kdf)
  const plaintext = await cs.hpke.decryptAead(
    await welcomeKey(secret, cs),
    await welcomeNonce(secret, cs),
    undefined,
    welcome.encryptedGroupInfo,
  )
  return decodeExact(decodeGroupInfo, groupInfoEncoder, plaintext, MAX_WELCOME_BYTES, 'mls/bad-welcome')
}

/** The tree that the GroupInfo carries: exactly one, canonical; its content is not checked here. */
export function treeOf(info: GroupInfo): RatchetTree {
  const [first, second] = info.extensions.filter(({ extensionType }) => extensionType === 'ratchet_tree')
  if (first === undefined || second !== undefined) throw new MlsError('mls/bad-welcome')
  return decodeTree(first.extensionData, MAX_NODES, 'mls/bad-welcome')
}
