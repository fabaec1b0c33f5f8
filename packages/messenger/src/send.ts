/** One content to everyone at a place, logged and queued in one transaction (spec/messenger.md section 4). */
import { encodeMessage } from '@hyphae/content'
import type { AccountId, IoOptions, MessageId } from '@hyphae/core'
import { findContact } from './contacts.js'
import { type NodeContext, transact, type Work } from './context.js'
import { sendToGroup } from './groups.js'
import { prepareSessions } from './handshake.js'
import { headsOf, logMessage, type Place } from './log.js'
import { newMessage } from './message.js'
import { sentTable } from './rows.js'
import { sendToContact } from './sessions.js'

/** Anything of a registered content type. */
export interface OutgoingContent {
  readonly type: string
  readonly body: unknown
}

export interface SendOptions extends IoOptions {
  /** What is written in the same transaction. */
  readonly also?: (tx: Work, id: MessageId) => Promise<void>
}

/** Resolves when the message is durable in the outbox. */
export function sendContent(
  context: NodeContext,
  place: Place,
  content: OutgoingContent,
  options: SendOptions = {},
): Promise<MessageId> {
  if (place.kind === 'direct') return sendDirect(context, place.peer, content, options)
  return transact(context, async (tx) => {
    const { id } = await sendToGroup(context, tx, place.group, content.type, content.body)
    await options.also?.(tx, id)
    return id
  })
}

async function sendDirect(
  context: NodeContext,
  peer: AccountId,
  { type, body }: OutgoingContent,
  { also, ...io }: SendOptions,
): Promise<MessageId> {
  const contact = await findContact(context, peer, io)
  const prepared = await prepareSessions(context, contact, io)
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
    await also?.(tx, message.id)
    return message.id
  })
}
