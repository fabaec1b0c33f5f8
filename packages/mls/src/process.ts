/**
 * One message in, one event out (RFC 9420 section 6). The caller stores the returned state and acts on the
 * event together, or does neither.
 */

import { equalBytes } from '@hyphae/core'
import type { ClientState, PrivateMessage } from 'ts-mls'
import { decodeMessage } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { MAX_MESSAGE_BYTES } from './limits.js'
import { type EpochKeys, keysFor, type OpenedMessage, openMessage, wrongEpoch } from './message.js'
import { processCommit } from './process-commit.js'
import { keepProposal } from './proposals.js'
import { type GroupState, leafAt, type Member, memberAt, type Opened, openState, wrapState } from './state.js'

export interface ApplicationEvent {
  readonly kind: 'application'
  readonly sender: Member
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
}

export interface CommitEvent {
  readonly kind: 'commit'
  readonly sender: Member
  readonly added: Member[]
  readonly removed: Member[]
  /** The epoch that the commit begins. */
  readonly epoch: number
  /** This member is out: the state can neither send nor read any more. */
  readonly removedSelf: boolean
}

/** Kept for the next commit; nothing has changed yet. */
export interface ProposalEvent {
  readonly kind: 'proposal'
  readonly sender: Member
}

export type GroupEvent = ApplicationEvent | CommitEvent | ProposalEvent

export interface Processed {
  readonly state: GroupState
  readonly event: GroupEvent
}

function decodePrivate(bytes: Uint8Array): PrivateMessage {
  const message = decodeMessage(bytes, MAX_MESSAGE_BYTES, 'mls/malformed')
  if (message.wireformat === 'mls_private_message') return message.privateMessage
  const external =
    message.wireformat === 'mls_public_message' &&
    message.publicMessage.content.sender.senderType === 'new_member_commit'
  throw new MlsError(external ? 'mls/external-commit' : 'mls/unexpected-message', {
    details: { wireformat: message.wireformat },
  })
}

/** Messages of past epochs are read only from those who are still members: who was removed stays silent. */
function senderOf({ client }: Opened, keys: EpochKeys, leaf: number): Member {
  const sender = memberAt(keys.ratchetTree, leaf)
  const current = leafAt(client.ratchetTree, leaf)
  if (current === null || !equalBytes(current.signaturePublicKey, sender.signatureKey))
    throw new MlsError('mls/not-a-member', { details: { leaf } })
  return sender
}

/** The state after a key was used, in the present epoch or a past one. */
function spend(
  client: ClientState,
  message: PrivateMessage,
  secretTree: OpenedMessage['secretTree'],
): ClientState {
  const past = client.historicalReceiverData.get(message.epoch)
  if (past === undefined || message.epoch === client.groupContext.epoch) return { ...client, secretTree }
  const historicalReceiverData = new Map(client.historicalReceiverData)
  historicalReceiverData.set(message.epoch, { ...past, secretTree })
  return { ...client, historicalReceiverData }
}

async function applyHandshake(
  ctx: MlsContext,
  opened: Opened,
  sender: Member,
  message: OpenedMessage,
): Promise<Processed> {
  const { authenticated } = message
  const { content, auth } = authenticated
  const client = { ...opened.client, secretTree: message.secretTree }
  const spent = { ...opened, client }
  if (content.contentType === 'proposal') {
    const kept = await keepProposal(client, opened.cs, authenticated, sender.leaf, content.proposal)
    return { state: wrapState(kept), event: { kind: 'proposal', sender } }
  }
  if (content.contentType !== 'commit' || auth.contentType !== 'commit') throw new MlsError('mls/malformed')
  const { wireformat } = authenticated
  const signed = { content, signature: auth.signature, wireformat }
  const result = await processCommit(ctx, spent, sender.leaf, signed, auth.confirmationTag)
  const { added, removed, removedSelf } = result
  const epoch = Number(client.groupContext.epoch) + 1
  return {
    state: wrapState(result.client),
    event: { kind: 'commit', sender, added, removed, epoch, removedSelf },
  }
}

/**
 * Reads one MLSMessage that another member sent to the group. On any error the state given stays as it was
 * and good for other messages.
 * @throws MlsError `mls/malformed`, `mls/too-large`, `mls/unexpected-message`, `mls/external-commit`,
 *   `mls/wrong-group`, `mls/wrong-epoch`, `mls/own-message`, `mls/replayed`, `mls/too-far-ahead`,
 *   `mls/not-a-member`, `mls/undecryptable`, `mls/removed`, and for handshakes those of processCommit and
 *   keepProposal: `mls/bad-commit`, `mls/missing-proposal`, `mls/bad-proposal` and so on
 */
export async function processMessage(
  ctx: MlsContext,
  state: GroupState,
  message: Uint8Array,
): Promise<Processed> {
  const decoded = decodePrivate(message)
  const opened = openState(ctx, state)
  const { client } = opened
  const keys = keysFor(opened, decoded)
  const read = await openMessage(opened, keys, decoded)
  const { content } = read.authenticated
  if (content.contentType !== 'application' && decoded.epoch !== client.groupContext.epoch)
    throw wrongEpoch(decoded, client.groupContext.epoch)
  const sender = senderOf(opened, keys, read.sender)
  if (content.contentType !== 'application') return applyHandshake(ctx, opened, sender, read)
  return {
    state: wrapState(spend(client, decoded, read.secretTree)),
    event: {
      kind: 'application',
      sender,
      aad: content.authenticatedData.slice(),
      plaintext: content.applicationData.slice(),
    },
  }
}
