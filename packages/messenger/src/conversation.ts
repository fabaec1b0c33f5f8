/** Sending to one account, and to groups. */
import { encodeMessage, type ReceiptBody } from '@hyphae/content'
import type { AccountId, GroupId, IoOptions, MessageId } from '@hyphae/core'
import { accountKey, safetyNumber } from '@hyphae/identity'
import { findContact } from './contacts.js'
import { type NodeContext, transact } from './context.js'
import { addToGroup, type GroupRole, leaveGroup, removeFromGroup, setGroupRole } from './group-change.js'
import { groupsTable } from './group-rows.js'
import { listAdmins, listMembers } from './groups.js'
import { prepareSessions } from './handshake.js'
import { type DeviceHealth, healthOf } from './health.js'
import { type LoggedMessage, type Place, readHistory } from './log.js'
import { newMessage } from './message.js'
import { type OutgoingContent, sendContent } from './send.js'
import { sendToContact } from './sessions.js'
import { type SendFileOptions, sendFile } from './upload.js'

const DEFAULT_HISTORY = 50

export interface SentMessage {
  readonly id: MessageId
  /** What is true when `send` resolves: the message is durable here and will be sent, also after a crash. */
  readonly state: 'queued'
}

/** What one can do in a conversation and in a group alike. */
export interface Channel {
  /** Sends a text, or a content of another type. Resolves when it is durable in the outbox. */
  send(content: string | OutgoingContent, options?: IoOptions): Promise<SentMessage>
  /**
   * Sends the file's description, with its sealed chunks stored by a carrier that is fast enough. While there is none, or
   * none takes them, the chunks wait here and the description goes ahead; `status` tells how far they are. A file of more
   * than 63 chunks that was sealed to its end goes on, and is described, after a crash or `close` too.
   * @throws MessengerError `messenger/file-too-large`, `messenger/file-changed`, and what `send` throws
   */
  sendFile(options: SendFileOptions): Promise<SentMessage>
  /** The latest messages of both directions, oldest first. */
  history(options?: { readonly limit?: number }): Promise<LoggedMessage[]>
}

export interface Conversation extends Channel {
  readonly peer: AccountId
  /** Tells the sender that these messages were read. */
  markRead(ids: readonly MessageId[]): Promise<void>
  /** How well the session with each of the account's devices has healed. */
  health(): Promise<DeviceHealth[]>
  /** 60 digits that both people see alike when no one stands between them. */
  safetyNumber(): string
}

export interface Group extends Channel {
  readonly id: GroupId
  readonly name: string
  /** The account that created the group: its first admin. */
  readonly admin: AccountId
  /** False after this node was removed: the history stays, sending is refused. */
  isActive(): Promise<boolean>
  members(): Promise<AccountId[]>
  /** The accounts that may change the group: the creator at first, at most four. */
  admins(): Promise<AccountId[]>
  /**
   * Admins only, like all changes. Resolves when the change is durable here; where two admins change a group at once, one
   * of them goes first everywhere, and the other's change is carried out after it.
   */
  add(accounts: readonly AccountId[], options?: IoOptions): Promise<void>
  /** Admins only. */
  remove(accounts: readonly AccountId[]): Promise<void>
  /** Admins only. The last admin stays one. */
  setRole(account: AccountId, role: GroupRole): Promise<void>
  /** Asks to be removed; the group ends here when any other member has done so. The last admin cannot leave. */
  leave(): Promise<void>
}

export function conversationWith(context: NodeContext, peer: AccountId): Conversation {
  return {
    ...createChannel(context, { kind: 'direct', peer }),
    peer,
    markRead: (ids) => sendReceipt(context, peer, { kind: 'read', ids: [...ids] }),
    health: () => healthOf(context, peer),
    safetyNumber: () =>
      safetyNumber(context.crypto, context.self.account.signing.publicKey, accountKey(peer)),
  }
}

export function groupHandle(
  context: NodeContext,
  id: GroupId,
  row: { readonly name: string; readonly creator: string },
): Group {
  const place: Place = { kind: 'group', group: id }
  return {
    ...createChannel(context, place),
    id,
    name: row.name,
    admin: row.creator as AccountId,
    isActive: async () => (await groupsTable.get(context.store, id))?.active ?? false,
    members: () => listMembers(context, id),
    admins: () => listAdmins(context, id),
    add: (accounts, options) => addToGroup(context, id, accounts, options),
    remove: (accounts) => removeFromGroup(context, id, accounts),
    setRole: (account, role) => setGroupRole(context, id, account, role),
    leave: () => leaveGroup(context, id),
  }
}

function createChannel(context: NodeContext, place: Place): Channel {
  return {
    send: async (content, options) =>
      queued(
        await sendContent(context, place, typeof content === 'string' ? asText(content) : content, options),
      ),
    sendFile: async (options) => queued(await sendFile(context, place, options)),
    history: (options) => readHistory(context, place, options?.limit ?? DEFAULT_HISTORY),
  }
}

function asText(text: string): OutgoingContent {
  return { type: 'text', body: { text } }
}

function queued(id: MessageId): SentMessage {
  return { id, state: 'queued' }
}

async function sendReceipt(context: NodeContext, peer: AccountId, body: ReceiptBody): Promise<void> {
  const contact = await findContact(context, peer)
  const prepared = await prepareSessions(context, contact)
  await transact(context, async (tx) => {
    const content = encodeMessage(context.registry, newMessage(context, 'receipt', body, []))
    await sendToContact(context, tx, contact, prepared, content)
  })
}
