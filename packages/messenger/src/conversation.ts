/** Sending to one account, and to groups. */
import { encodeMessage, type ReceiptBody } from '@hyphae/content'
import type { AccountId, GroupId, IoOptions, MessageId } from '@hyphae/core'
import { accountKey, safetyNumber } from '@hyphae/identity'
import { findContact } from './contacts.js'
import { type NodeContext, transact } from './context.js'
import { MessengerError } from './errors.js'
import { addToGroup, removeFromGroup } from './group-change.js'
import { groupsTable } from './group-rows.js'
import { listMembers, sendToGroup } from './groups.js'
import { prepareSessions } from './handshake.js'
import { type DeviceHealth, healthOf } from './health.js'
import { headsOf, type LoggedMessage, logMessage, type Place, readHistory } from './log.js'
import { newMessage } from './message.js'
import { sentTable } from './rows.js'
import { sendToContact } from './sessions.js'
import { nameStagedFile } from './staged-files.js'
import { type SendFileOptions, uploadFile } from './upload.js'

const DEFAULT_HISTORY = 50

/** Anything of a registered content type. */
export interface OutgoingContent {
  readonly type: string
  readonly body: unknown
}

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
   * Sends the file's description, with its sealed chunks stored by a carrier that is fast enough. While there is none the
   * chunks wait here and the description goes ahead; `status` tells how far they are.
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
  readonly admin: AccountId
  /** False after this node was removed: the history stays, sending is refused. */
  isActive(): Promise<boolean>
  members(): Promise<AccountId[]>
  /** Admin only. */
  add(accounts: readonly AccountId[], options?: IoOptions): Promise<void>
  /** Admin only. */
  remove(accounts: readonly AccountId[]): Promise<void>
  /** Asks the admin to be removed; the group ends here when the admin has done so. The admin itself cannot leave. */
  leave(): Promise<void>
}

export function conversationWith(context: NodeContext, peer: AccountId): Conversation {
  const place: Place = { kind: 'direct', peer }
  const channel = createChannel(context, place, (type, body, options) =>
    sendDirect(context, peer, type, body, options),
  )
  return {
    ...channel,
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
  row: { readonly name: string; readonly admin: string },
): Group {
  const sendIn = (type: string, body: unknown): Promise<SentMessage> =>
    transact(context, async (tx) => queued((await sendToGroup(context, tx, id, type, body)).id))
  return {
    ...createChannel(context, { kind: 'group', group: id }, sendIn),
    id,
    name: row.name,
    admin: row.admin as AccountId,
    isActive: async () => (await groupsTable.get(context.store, id))?.active ?? false,
    members: async () => [...new Set((await listMembers(context, id)).map((member) => member.account))],
    add: (accounts, options) => addToGroup(context, id, accounts, options),
    remove: (accounts) => removeFromGroup(context, id, accounts),
    leave: async () => {
      if (row.admin === context.self.accountId) throw new MessengerError('messenger/admin-stays')
      await sendIn('hyphae/group-leave', {})
    },
  }
}

type SendContent = (type: string, body: unknown, options?: IoOptions) => Promise<SentMessage>

function createChannel(context: NodeContext, place: Place, sendContent: SendContent): Channel {
  return {
    send: (content, options) =>
      typeof content === 'string'
        ? sendContent('text', { text: content }, options)
        : sendContent(content.type, content.body, options),
    sendFile: async (options) => {
      const file = await uploadFile(context, options)
      const sent = await sendContent('file', file, options)
      await nameStagedFile(context, file.manifest, sent.id)
      return sent
    },
    history: (options) => readHistory(context, place, options?.limit ?? DEFAULT_HISTORY),
  }
}

function queued(id: MessageId): SentMessage {
  return { id, state: 'queued' }
}

async function sendDirect(
  context: NodeContext,
  peer: AccountId,
  type: string,
  body: unknown,
  options?: IoOptions,
): Promise<SentMessage> {
  const contact = await findContact(context, peer, options)
  const prepared = await prepareSessions(context, contact, options)
  return transact(context, async (tx) => {
    const place: Place = { kind: 'direct', peer }
    const message = newMessage(context, type, body, await headsOf(tx, place))
    const content = encodeMessage(context.registry, message)
    const { accountId: account, deviceId: device } = context.self
    const number = await logMessage(context, tx, { direction: 'out', place, account, device }, message)
    const logged = { id: message.id, number: number ?? 0, logged: true }
    const pending = await sendToContact(context, tx, contact, prepared, content, logged)
    const row = { number: logged.number, pending, recipients: [peer], delivered: [], read: [] }
    sentTable.put(tx, row, message.id)
    return queued(message.id)
  })
}

async function sendReceipt(context: NodeContext, peer: AccountId, body: ReceiptBody): Promise<void> {
  const contact = await findContact(context, peer)
  const prepared = await prepareSessions(context, contact)
  await transact(context, async (tx) => {
    const content = encodeMessage(context.registry, newMessage(context, 'receipt', body, []))
    await sendToContact(context, tx, contact, prepared, content)
  })
}
