/**
 * From one epoch to the next (RFC 9420 sections 8 and 12.4): transcript, key schedule, secret tree. The same
 * for the committer and for those who process the commit. Knows no proposals.
 */
import { zeroize } from '@hyphae/crypto'
import type {
  CiphersuiteImpl,
  ClientState,
  GroupContext,
  KeyPackage,
  PrivateKeyPath,
  RatchetTree,
} from 'ts-mls'
import { addHistoricalReceiverData, nextEpochContext } from 'ts-mls/clientState.js'
import type { FramedContentCommit } from 'ts-mls/framedContent.js'
import { createConfirmationTag } from 'ts-mls/framedContent.js'
import { type EpochSecrets, initializeEpoch } from 'ts-mls/keySchedule.js'
import { createSecretTree } from 'ts-mls/secretTree.js'
import { treeHashRoot } from 'ts-mls/treeHash.js'
import { type LeafIndex, leafWidth } from 'ts-mls/treemath.js'
import type { WireformatName } from 'ts-mls/wireformat.js'

/** A commit whose content is settled and signed. */
export interface SignedCommit {
  readonly content: FramedContentCommit
  readonly signature: Uint8Array
  /** How it travels, which the transcript covers. */
  readonly wireformat: WireformatName
}

/** Where a commit has put a newcomer. */
export type AddedLeaf = readonly [LeafIndex, KeyPackage]

export interface NextEpoch {
  readonly context: GroupContext
  readonly secrets: EpochSecrets
  readonly confirmationTag: Uint8Array
}

/** `context` carries the extensions of the next epoch, everything else of this one. Spends `commitSecret`. */
export async function nextEpoch(
  client: ClientState,
  cs: CiphersuiteImpl,
  context: GroupContext,
  tree: RatchetTree,
  commit: SignedCommit,
  commitSecret: Uint8Array,
): Promise<NextEpoch> {
  const next = await nextEpochContext(
    context,
    commit.wireformat,
    commit.content,
    commit.signature,
    await treeHashRoot(tree, cs.hash),
    client.confirmationTag,
    cs.hash,
  )
  const noPsk = new Uint8Array(cs.kdf.size)
  const secrets = await initializeEpoch(client.keySchedule.initSecret, commitSecret, next, noPsk, cs.kdf)
  zeroize(commitSecret)
  const { confirmationKey } = secrets.keySchedule
  const confirmationTag = await createConfirmationTag(confirmationKey, next.confirmedTranscriptHash, cs.hash)
  return { context: next, secrets, confirmationTag }
}

/** The state after the commit; this epoch moves to the past ones, proposals that were pending are gone. */
export async function enterEpoch(
  client: ClientState,
  cs: CiphersuiteImpl,
  next: NextEpoch,
  tree: RatchetTree,
  privatePath: PrivateKeyPath,
): Promise<ClientState> {
  const [historicalReceiverData] = addHistoricalReceiverData(client)
  const { encryptionSecret, joinerSecret, welcomeSecret, keySchedule } = next.secrets
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, cs.kdf)
  zeroize(encryptionSecret, joinerSecret, welcomeSecret)
  return {
    ...client,
    groupContext: next.context,
    ratchetTree: tree,
    secretTree,
    keySchedule,
    privatePath,
    unappliedProposals: {},
    historicalReceiverData,
    confirmationTag: next.confirmationTag,
    groupActiveState: { kind: 'active' },
  }
}
