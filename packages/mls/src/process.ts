/**
 * One message in, one event out (RFC 9420 section 6). The caller stores the returned state and acts on the
 * event together, or does neither.
 */
import { equalBytes } from '@hyphae/core'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import { assertSize, decodeMessage } from './codec.js'
import type { MlsContext } from './context.js'
import { MlsError } from './errors.js'
import { openPublic } from './handshake.js'
import { MAX_MESSAGE_BYTES } from './limits.js'
import { keysFor, type OpenedMessage, openMessage, wrongEpoch } from './message.js'
import { decodePrivateMessage, isPrivateMessage, type PrivateMessage } from './private-message.js'
import { type ProcessedCommit, processCommit } from './process-commit.js'
import { assertNewcomersWelcome, processExternalCommit } from './process-external.js'
import { keepProposal } from './proposals.js'
import {
  type ClientState,
  type GroupState,
  type Member,
  memberAt,
  type Opened,
  openState,
  wrapState,
} from './state.js'

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
  /** It used a right that not everybody has; the same for every member that reads it. */
  readonly privileged: boolean
  /** The sender came in by itself with this commit, under the group's rule. */
  readonly external: boolean
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

type Decoded =
  | { readonly kind: 'private'; readonly message: PrivateMessage }
  | { readonly kind: 'public'; readonly message: PublicMessage }

/** PublicMessages are for newcomers, and for groups shared with other programs. */
function decode(ctx: MlsContext, bytes: Uint8Array): Decoded {
  assertSize(bytes, MAX_MESSAGE_BYTES)
  if (isPrivateMessage(bytes)) return { kind: 'private', message: decodePrivateMessage(bytes) }
  const message = decodeMessage(bytes, MAX_MESSAGE_BYTES, 'mls/malformed')
  const { wireformat } = message
  if (wireformat !== 'mls_public_message')
    throw new MlsError('mls/unexpected-message', { details: { wireformat } })
  const { senderType } = message.publicMessage.content.sender
  const ours = senderType === 'member' && ctx.interop?.publicHandshakes === true
  if (senderType !== 'new_member_commit' && !ours)
    throw new MlsError('mls/unexpected-message', { details: { wireformat } })
  return { kind: 'public', message: message.publicMessage }
}

/** The state after a key was used, in the present epoch or a past one. */
function spend(
  client: ClientState,
  message: PrivateMessage,
  secretTree: OpenedMessage['secretTree'],
): ClientState {
  const past = client.pastEpochs.get(message.epoch)
  if (past === undefined || message.epoch === client.groupContext.epoch) return { ...client, secretTree }
  const pastEpochs = new Map(client.pastEpochs)
  pastEpochs.set(message.epoch, { ...past, secretTree })
  return { ...client, pastEpochs }
}

function committed(opened: Opened, sender: Member, result: ProcessedCommit, external: boolean): Processed {
  const { client, ...told } = result
  const epoch = Number(opened.client.groupContext.epoch) + 1
  return { state: wrapState(client), event: { kind: 'commit', sender, epoch, external, ...told } }
}

/** `opened` has spent the key that the message used. */
async function applyHandshake(
  ctx: MlsContext,
  opened: Opened,
  sender: Member,
  authenticated: AuthenticatedContent,
): Promise<Processed> {
  const { content, auth, wireformat } = authenticated
  if (content.contentType === 'proposal') {
    const kept = await keepProposal(ctx, opened, authenticated, sender.leaf, content.proposal)
    return { state: wrapState(kept), event: { kind: 'proposal', sender } }
  }
  if (content.contentType !== 'commit' || auth.contentType !== 'commit') throw new MlsError('mls/malformed')
  const signed = { content, signature: auth.signature, wireformat }
  const result = await processCommit(ctx, opened, sender.leaf, signed, auth.confirmationTag)
  return committed(opened, sender, result, false)
}

async function processPublic(ctx: MlsContext, opened: Opened, message: PublicMessage): Promise<Processed> {
  const { client } = opened
  const { content, senderType } = message
  const { groupId, epoch } = client.groupContext
  if (senderType !== 'member') assertNewcomersWelcome(ctx, client)
  if (!equalBytes(content.groupId, groupId)) throw new MlsError('mls/wrong-group')
  if (content.epoch !== epoch) throw wrongEpoch(content, epoch)
  if (content.sender.senderType !== 'member') {
    const { newcomer, ...result } = await processExternalCommit(ctx, opened, message)
    return committed(opened, newcomer, result, true)
  }
  const { leafIndex } = content.sender
  if (leafIndex === client.privatePath.leafIndex) throw new MlsError('mls/own-message')
  const sender = memberAt(client.ratchetTree, leafIndex)
  return applyHandshake(ctx, opened, sender, await openPublic(opened, message))
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
  const input = decode(ctx, message)
  const opened = openState(ctx, state)
  if (input.kind === 'public') return processPublic(ctx, opened, input.message)
  const { client } = opened
  const decoded = input.message
  const keys = keysFor(opened, decoded)
  const read = await openMessage(opened, keys, decoded)
  const { content } = read.authenticated
  if (content.contentType !== 'application' && decoded.epoch !== client.groupContext.epoch)
    throw wrongEpoch(decoded, client.groupContext.epoch)
  const sender = memberAt(keys.ratchetTree, read.sender)
  if (content.contentType !== 'application') {
    const spent = { ...opened, client: { ...client, secretTree: read.secretTree } }
    return applyHandshake(ctx, spent, sender, read.authenticated)
  }
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
