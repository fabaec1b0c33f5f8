/**
 * PrivateMessages (RFC 9420 section 6.3): sealing application data, and opening whatever a member sent. What
 * can be told without decrypting is told first, so a caller knows an early message from a damaged one. Knows
 * nothing of what a commit or proposal means.
 */
import { equalBytes } from '@hyphae/core'
import type { CiphersuiteImpl, EpochReceiverData, PrivateMessage, RatchetTree, SecretTree } from 'ts-mls'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import { encode } from 'ts-mls/codec/tlsEncoder.js'
import { verifyFramedContentSignature } from 'ts-mls/framedContent.js'
import { protectApplicationData } from 'ts-mls/messageProtection.js'
import {
  decodePrivateMessageContent,
  decryptSenderData,
  privateContentAADEncoder,
  toAuthenticatedContent,
} from 'ts-mls/privateMessage.js'
import { ratchetToGeneration } from 'ts-mls/secretTree.js'
import type { SenderData } from 'ts-mls/sender.js'
import { encodeMessage } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError, stage } from './errors.js'
import { MAX_AAD_BYTES, MAX_PLAINTEXT_BYTES, MAX_SKIPPED_MESSAGES } from './limits.js'
import { type GroupState, leafAt, type Opened, openState, wrapState } from './state.js'

/** What is needed of an epoch to read its messages. */
export type EpochKeys = Pick<
  EpochReceiverData,
  'senderDataSecret' | 'secretTree' | 'ratchetTree' | 'groupContext'
>

export interface OpenedMessage {
  /** Leaf index of the sender, in the tree of the message's epoch. */
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
  const { newSecretTree, privateMessage } = await protectApplicationData(
    client.signaturePrivateKey,
    client.keySchedule.senderDataSecret,
    plaintext,
    aad,
    client.groupContext,
    client.secretTree,
    client.privatePath.leafIndex,
    client.clientConfig.paddingConfig,
    cs,
  )
  const message = encodeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage })
  return { state: wrapState({ ...client, secretTree: newSecretTree }), message }
}

/**
 * The keys of the message's epoch.
 * @throws MlsError `mls/wrong-group`, `mls/wrong-epoch` with `epoch` and `current`
 */
export function keysFor({ client }: Opened, message: PrivateMessage): EpochKeys {
  const { groupContext, keySchedule, secretTree, ratchetTree, historicalReceiverData } = client
  if (!equalBytes(message.groupId, groupContext.groupId)) throw new MlsError('mls/wrong-group')
  if (message.epoch === groupContext.epoch)
    return { senderDataSecret: keySchedule.senderDataSecret, secretTree, ratchetTree, groupContext }
  const past = historicalReceiverData.get(message.epoch)
  if (past !== undefined) return past
  throw wrongEpoch(message, groupContext.epoch)
}

export function wrongEpoch(message: PrivateMessage, current: bigint): MlsError {
  return new MlsError('mls/wrong-epoch', {
    details: { epoch: Number(message.epoch), current: Number(current) },
  })
}

/** Section 6.3.2, and what it already tells. */
async function openSender(
  cs: CiphersuiteImpl,
  keys: EpochKeys,
  message: PrivateMessage,
  ownLeaf: number,
): Promise<SenderData> {
  const sender = await decryptSenderData(message, keys.senderDataSecret, cs)
  if (sender === undefined || sender.reuseGuard.length !== 4) throw new MlsError('mls/undecryptable')
  const { leafIndex, generation } = sender
  if (leafIndex === ownLeaf) throw new MlsError('mls/own-message')
  const ratchets = leafAt(keys.ratchetTree, leafIndex) === null ? undefined : keys.secretTree[leafIndex * 2]
  if (ratchets === undefined) throw new MlsError('mls/not-a-member', { details: { leaf: leafIndex } })
  const ratchet = message.contentType === 'application' ? ratchets.application : ratchets.handshake
  if (generation < ratchet.generation && ratchet.unusedGenerations[generation] === undefined)
    throw new MlsError('mls/replayed', { details: { generation, next: ratchet.generation } })
  if (generation - ratchet.generation > MAX_SKIPPED_MESSAGES)
    throw new MlsError('mls/too-far-ahead', { details: { generation, next: ratchet.generation } })
  return sender
}

function senderKey(tree: RatchetTree, leaf: number): Uint8Array {
  const node = leafAt(tree, leaf)
  if (node === null) throw new MlsError('mls/not-a-member', { details: { leaf } })
  return node.signaturePublicKey
}

async function openContent(
  { client, cs }: Opened,
  keys: EpochKeys,
  message: PrivateMessage,
  sender: SenderData,
): Promise<OpenedMessage> {
  const { keyRetentionConfig } = client.clientConfig
  const ratcheted = await ratchetToGeneration(
    keys.secretTree,
    sender,
    message.contentType,
    keyRetentionConfig,
    cs,
  )
  const aad = encode(privateContentAADEncoder)(message)
  const { key, nonce, newTree } = ratcheted
  const plaintext = await cs.hpke.decryptAead(key, nonce, aad, message.ciphertext)
  const content = decodePrivateMessageContent(message.contentType)(plaintext, 0)?.[0]
  if (content === undefined) throw new MlsError('mls/undecryptable')
  const authenticated = toAuthenticatedContent(content, message, sender.leafIndex)
  const valid = await verifyFramedContentSignature(
    senderKey(keys.ratchetTree, sender.leafIndex),
    'mls_private_message',
    authenticated.content,
    authenticated.auth,
    keys.groupContext,
    cs.signature,
  )
  if (!valid) throw new MlsError('mls/undecryptable')
  return { sender: sender.leafIndex, authenticated, secretTree: newTree }
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
  return stage('mls/undecryptable', async () => {
    const sender = await openSender(opened.cs, keys, message, opened.client.privatePath.leafIndex)
    return openContent(opened, keys, message, sender)
  })
}
