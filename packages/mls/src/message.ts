/**
 * PrivateMessages (RFC 9420 section 6.3): sealing application data, and opening whatever a member sent. What
 * can be told without decrypting is told first, so a caller knows an early message from a damaged one. Knows
 * nothing of what a commit or proposal means.
 */
import { equalBytes } from '@hyphae/core'
import type { GroupContext, PrivateMessage, RatchetTree } from 'ts-mls'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import { verifyFramedContentSignature } from 'ts-mls/framedContent.js'
import { decodePrivateMessageContent, toAuthenticatedContent } from 'ts-mls/privateMessage.js'
import { applicationContent, applicationTbs, readApplicationContent } from './application.js'
import { commitTbs } from './commit-codec.js'
import type { MlsContext } from './context.js'
import { MlsError, stage } from './errors.js'
import { labelled } from './labels.js'
import { MAX_AAD_BYTES, MAX_PLAINTEXT_BYTES } from './limits.js'
import { isStillMember } from './past.js'
import { openContent, openSenderData, type SenderData, sealContent } from './private-message.js'
import type { SuiteImpl } from './provider.js'
import { assertReadable, type RatchetName, type SecretTree, spendKey } from './secret-tree.js'
import { type GroupState, leafAt, type Opened, openState, type PastEpoch, wrapState } from './state.js'
import type { SyncSuite } from './sync-suite.js'

/** What is needed of an epoch to read its messages. */
export interface EpochKeys {
  readonly senderDataSecret: Uint8Array
  readonly secretTree: SecretTree
  readonly groupContext: GroupContext
  /** The present one: who is in it, and was in the message's epoch, may be heard. */
  readonly ratchetTree: RatchetTree
  /** Left out for the present epoch. */
  readonly past?: PastEpoch
}

export interface OpenedMessage {
  /** Leaf index of the sender. */
  readonly sender: number
  readonly authenticated: AuthenticatedContent
  /** The epoch's secret tree without the key that was used. */
  readonly secretTree: SecretTree
}

/**
 * Seals application data; `aad` travels readable and authenticated. The result is an MLSMessage.
 * @throws MlsError `mls/removed`, `mls/bad-argument`
 */
export async function encryptMessage(
  ctx: MlsContext,
  state: GroupState,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<{ state: GroupState; message: Uint8Array }> {
  const { client, cs } = openState(ctx, state)
  if (plaintext.length > MAX_PLAINTEXT_BYTES || aad.length > MAX_AAD_BYTES)
    throw new MlsError('mls/bad-argument', { details: { plaintext: plaintext.length, aad: aad.length } })
  const { groupContext, keySchedule, privatePath, secretTree, signaturePrivateKey } = client
  const leaf = privatePath.leafIndex
  const tbs = applicationTbs(groupContext, leaf, aad, plaintext)
  const signature = cs.sync.sign(signaturePrivateKey, labelled('FramedContentTBS', tbs))
  const { senderDataSecret } = keySchedule
  const sending = { groupContext, senderDataSecret, secretTree, leaf }
  const content = applicationContent(plaintext, signature)
  const sealed = sealContent(cs.sync, sending, 'application', aad, content)
  return { state: wrapState({ ...client, secretTree: sealed.secretTree }), message: sealed.message }
}

/**
 * The keys of the message's epoch.
 * @throws MlsError `mls/wrong-group`, `mls/wrong-epoch` with `epoch` and `current`
 */
export function keysFor({ client }: Opened, message: PrivateMessage): EpochKeys {
  const { groupContext, keySchedule, secretTree, ratchetTree, pastEpochs } = client
  if (!equalBytes(message.groupId, groupContext.groupId)) throw new MlsError('mls/wrong-group')
  if (message.epoch === groupContext.epoch)
    return { senderDataSecret: keySchedule.senderDataSecret, secretTree, ratchetTree, groupContext }
  const past = pastEpochs.get(message.epoch)
  if (past !== undefined) return { ...past, ratchetTree, past }
  throw wrongEpoch(message, groupContext.epoch)
}

export function wrongEpoch(message: { readonly epoch: bigint }, current: bigint): MlsError {
  return new MlsError('mls/wrong-epoch', {
    details: { epoch: Number(message.epoch), current: Number(current) },
  })
}

function ratchetName(message: PrivateMessage): RatchetName {
  return message.contentType === 'application' ? 'application' : 'handshake'
}

/** Section 6.3.2, and what it already tells: who says so is not yet proved. */
function openSender({ client, cs }: Opened, keys: EpochKeys, message: PrivateMessage): SenderData {
  const sender = openSenderData(cs.sync, keys.senderDataSecret, message)
  const { leafIndex: leaf, generation } = sender
  if (leaf === client.privatePath.leafIndex) throw new MlsError('mls/own-message')
  // Rule M6: handshakes are read in their own epoch alone.
  if (keys.past !== undefined && message.contentType !== 'application') {
    assertReadable(keys.secretTree, leaf, 'handshake', generation)
    throw wrongEpoch(message, client.groupContext.epoch)
  }
  const known = leafAt(keys.ratchetTree, leaf) !== null
  if (!known || (keys.past !== undefined && !isStillMember(keys.past, leaf)))
    throw new MlsError('mls/not-a-member', { details: { leaf } })
  assertReadable(keys.secretTree, leaf, ratchetName(message), generation)
  return sender
}

function signatureKeyOf(tree: RatchetTree, leaf: number): Uint8Array {
  const node = leafAt(tree, leaf)
  if (node === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  return node.signaturePublicKey
}

function readApplication(
  suite: SyncSuite,
  keys: EpochKeys,
  message: PrivateMessage,
  leaf: number,
  content: Uint8Array,
): AuthenticatedContent {
  const { data, signature } = readApplicationContent(content)
  const tbs = applicationTbs(keys.groupContext, leaf, message.authenticatedData, data)
  const key = signatureKeyOf(keys.ratchetTree, leaf)
  if (!suite.verify(key, labelled('FramedContentTBS', tbs), signature))
    throw new MlsError('mls/undecryptable')
  const auth = { contentType: 'application' as const, signature }
  return toAuthenticatedContent({ contentType: 'application', applicationData: data, auth }, message, leaf)
}

async function isSigned(
  cs: SuiteImpl,
  { ratchetTree, groupContext }: EpochKeys,
  leaf: number,
  { content, auth }: AuthenticatedContent,
): Promise<boolean> {
  const key = signatureKeyOf(ratchetTree, leaf)
  if (content.contentType !== 'commit')
    return verifyFramedContentSignature(key, 'mls_private_message', content, auth, groupContext, cs.signature)
  const tbs = commitTbs('mls_private_message', content, groupContext)
  return cs.sync.verify(key, labelled('FramedContentTBS', tbs), auth.signature)
}

async function readHandshake(
  { cs }: Opened,
  keys: EpochKeys,
  message: PrivateMessage,
  leaf: number,
  plaintext: Uint8Array,
): Promise<AuthenticatedContent> {
  const content = decodePrivateMessageContent(message.contentType)(plaintext, 0)?.[0]
  if (content === undefined) throw new MlsError('mls/undecryptable')
  const authenticated = toAuthenticatedContent(content, message, leaf)
  if (!(await isSigned(cs, keys, leaf, authenticated))) throw new MlsError('mls/undecryptable')
  return authenticated
}

/**
 * Decrypts and checks the signature.
 * @throws MlsError `mls/own-message`, `mls/replayed`, `mls/too-far-ahead`, `mls/not-a-member`,
 *   `mls/undecryptable`
 */
export async function openMessage(
  opened: Opened,
  keys: EpochKeys,
  message: PrivateMessage,
): Promise<OpenedMessage> {
  const { cs } = opened
  return stage('mls/undecryptable', async () => {
    const sender = openSender(opened, keys, message)
    const { leafIndex: leaf, generation } = sender
    const { key, tree } = spendKey(cs.sync, keys.secretTree, leaf, ratchetName(message), generation)
    const plaintext = openContent(cs.sync, key, sender, message)
    const authenticated =
      message.contentType === 'application'
        ? readApplication(cs.sync, keys, message, leaf, plaintext)
        : await readHandshake(opened, keys, message, leaf, plaintext)
    return { sender: leaf, authenticated, secretTree: tree }
  })
}
