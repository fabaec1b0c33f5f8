/**
 * From one epoch to the next (RFC 9420 sections 8 and 12.4): transcript, key schedule, secret tree. The same
 * for the committer and for those who process the commit. Knows no proposals.
 */
import { zeroize } from '@hyphae/crypto'
import type {
  ClientState as CreatedGroup,
  GroupContext,
  KeyPackage,
  PrivateKeyPath,
  RatchetTree,
} from 'ts-mls'
import type { FramedContentCommit } from 'ts-mls/framedContent.js'
import { createConfirmationTag } from 'ts-mls/framedContent.js'
import { type EpochSecrets, initializeEpoch } from 'ts-mls/keySchedule.js'
import { createInterimHash } from 'ts-mls/transcriptHash.js'
import { type LeafIndex, leafWidth } from 'ts-mls/treemath.js'
import type { WireformatName } from 'ts-mls/wireformat.js'
import { transcriptInput } from './commit-codec.js'
import { MlsError } from './errors.js'
import { pastAfter } from './past.js'
import type { SuiteImpl } from './provider.js'
import { newRatchet } from './ratchet.js'
import { createSecretTree } from './secret-tree.js'
import type { ClientState, GroupData } from './state.js'
import { hashTree } from './tree-hash.js'

/** A commit whose content is settled and signed. */
export interface SignedCommit {
  readonly content: FramedContentCommit
  readonly signature: Uint8Array
  /** How it travels, which the transcript covers. */
  readonly wireformat: WireformatName
  /** Zeros when left out. */
  readonly pskSecret?: Uint8Array
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
  cs: SuiteImpl,
  context: GroupContext,
  tree: RatchetTree,
  commit: SignedCommit,
  commitSecret: Uint8Array,
): Promise<NextEpoch> {
  const { hash } = cs.sync
  const { content, signature, wireformat } = commit
  const interim = await createInterimHash(context.confirmedTranscriptHash, client.confirmationTag, cs.hash)
  const next: GroupContext = {
    ...context,
    epoch: context.epoch + 1n,
    treeHash: hashTree(hash, tree, client.ratchetTree).root.slice(),
    confirmedTranscriptHash: hash.digest(transcriptInput(interim, wireformat, content, signature)),
  }
  const psk = commit.pskSecret ?? new Uint8Array(cs.kdf.size)
  const secrets = await initializeEpoch(client.keySchedule.initSecret, commitSecret, next, psk, cs.kdf)
  zeroize(commitSecret)
  const { confirmationKey } = secrets.keySchedule
  const confirmationTag = await createConfirmationTag(confirmationKey, next.confirmedTranscriptHash, cs.hash)
  return { context: next, secrets, confirmationTag }
}

/** The state after the commit; this epoch moves to the past ones, proposals that were pending are gone. */
export function enterEpoch(
  client: ClientState,
  next: NextEpoch,
  tree: RatchetTree,
  privatePath: PrivateKeyPath,
): ClientState {
  const { encryptionSecret, joinerSecret, welcomeSecret, keySchedule } = next.secrets
  const secretTree = createSecretTree(leafWidth(tree.length), encryptionSecret)
  zeroize(encryptionSecret, joinerSecret, welcomeSecret)
  return {
    ...client,
    groupContext: next.context,
    ratchetTree: tree,
    secretTree,
    keySchedule,
    privatePath,
    unappliedProposals: {},
    pastEpochs: pastAfter(client, tree),
    confirmationTag: next.confirmationTag,
    groupActiveState: { kind: 'active' },
  }
}

/** The state of a group that ts-mls has just made, with one leaf and nothing sent. */
export function firstState(created: CreatedGroup): GroupData {
  const { clientConfig: _, historicalReceiverData: __, secretTree, ...rest } = created
  const [own] = secretTree
  if (own === undefined) throw new MlsError('mls/bad-argument')
  const root = {
    kind: 'leaf' as const,
    handshake: newRatchet(own.handshake.secret),
    application: newRatchet(own.application.secret),
  }
  return { ...rest, secretTree: { width: 1, root }, pastEpochs: new Map() }
}
