/**
 * Handshake messages on the wire (RFC 9420 section 6): proposals and commits, sealed as PrivateMessages, or as
 * PublicMessages in a group shared with other programs. Knows nothing of what they mean.
 */
import type { Proposal } from 'ts-mls'
import type { AuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import { signFramedContentApplicationOrProposal } from 'ts-mls/framedContent.js'
import { protectPublicMessage, unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js'
import { encodePrivateMessageContent, type PrivateMessageContent } from 'ts-mls/privateMessage.js'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import type { WireformatName } from 'ts-mls/wireformat.js'
import { encodeMessage } from './codec.js'
import { commitContent } from './commit-codec.js'
import type { MlsContext } from './context.js'
import type { SignedCommit } from './epoch.js'
import { stage } from './errors.js'
import { sealContent } from './private-message.js'
import type { SuiteImpl } from './provider.js'
import type { ClientState, Opened } from './state.js'

const EMPTY = new Uint8Array()

export interface SealedHandshake {
  readonly message: Uint8Array
  /** The state with the key of this message spent. */
  readonly client: ClientState
}

export function handshakeWire(ctx: MlsContext): WireformatName {
  return ctx.interop?.publicHandshakes === true ? 'mls_public_message' : 'mls_private_message'
}

async function sealPublic(
  client: ClientState,
  cs: SuiteImpl,
  authenticated: AuthenticatedContent,
): Promise<SealedHandshake> {
  const { keySchedule, groupContext } = client
  const publicMessage = await protectPublicMessage(keySchedule.membershipKey, groupContext, authenticated, cs)
  const message = encodeMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage })
  return { message, client }
}

function sealPrivate(client: ClientState, cs: SuiteImpl, content: PrivateMessageContent): SealedHandshake {
  const { groupContext, keySchedule, secretTree, privatePath, clientConfig } = client
  const { senderDataSecret } = keySchedule
  const sending = { groupContext, senderDataSecret, secretTree, leaf: privatePath.leafIndex }
  const bytes =
    content.contentType === 'commit'
      ? commitContent(content.commit, content.auth.signature, content.auth.confirmationTag)
      : encodePrivateMessageContent(clientConfig.paddingConfig)(content)
  const sealed = sealContent(cs.sync, sending, content.contentType, EMPTY, bytes)
  return { message: sealed.message, client: { ...client, secretTree: sealed.secretTree } }
}

/** The commit as a message of the epoch it ends. */
export async function sealCommit(
  client: ClientState,
  cs: SuiteImpl,
  { content, signature, wireformat }: SignedCommit,
  confirmationTag: Uint8Array,
): Promise<SealedHandshake> {
  const auth = { contentType: 'commit' as const, signature, confirmationTag }
  return wireformat === 'mls_public_message'
    ? sealPublic(client, cs, { wireformat, content, auth })
    : sealPrivate(client, cs, { contentType: 'commit', commit: content.commit, auth })
}

/** A proposal of this member, signed, with what its reference is made of. */
export async function sealProposal(
  { client, cs }: Opened,
  wireformat: WireformatName,
  proposal: Proposal,
): Promise<SealedHandshake & { readonly authenticated: AuthenticatedContent }> {
  const { groupContext, privatePath, signaturePrivateKey } = client
  const content = {
    groupId: groupContext.groupId,
    epoch: groupContext.epoch,
    sender: { senderType: 'member' as const, leafIndex: privatePath.leafIndex },
    contentType: 'proposal' as const,
    authenticatedData: EMPTY,
    proposal,
  }
  const auth = await signFramedContentApplicationOrProposal(
    signaturePrivateKey,
    {
      protocolVersion: groupContext.version,
      wireformat,
      content,
      senderType: 'member',
      context: groupContext,
    },
    cs,
  )
  const authenticated = { wireformat, content, auth }
  const sealed =
    wireformat === 'mls_public_message'
      ? await sealPublic(client, cs, authenticated)
      : await sealPrivate(client, cs, { contentType: 'proposal', proposal, auth })
  return { ...sealed, authenticated }
}

/** Membership tag and signature of a PublicMessage (sections 6.1 and 6.2). @throws MlsError `mls/undecryptable` */
export async function openPublic(
  { client, cs }: Opened,
  message: PublicMessage,
): Promise<AuthenticatedContent> {
  const { keySchedule, groupContext, ratchetTree } = client
  return stage('mls/undecryptable', () =>
    unprotectPublicMessage(keySchedule.membershipKey, groupContext, ratchetTree, message, cs),
  )
}
