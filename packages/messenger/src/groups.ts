/**
 * Messages to the members of a group, and who they are.
 *
 * Who may change a group, and how, stands in group-change.ts.
 */
import { encodeMessage, type Message } from '@hyphae/content'
import type { AccountId, GroupId, MessageId } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import { MessengerError } from './errors.js'
import { GROUP_CONTENT_AAD } from './group-content.js'
import { groupRoles, invitersOf, type OpenGroup, openGroup, presentMembers, readGroup } from './group-log.js'
import { groupsTable } from './group-rows.js'
import { stepGroup } from './group-step.js'
import { headsOf, logMessage } from './log.js'
import { newMessage } from './message.js'
import { sentTable } from './rows.js'

export { openGroup }

/** The accounts in the group; none once it is over for this device. @throws MessengerError `messenger/unknown-group` */
export async function listMembers(context: NodeContext, id: GroupId): Promise<AccountId[]> {
  const opened = await readKnown(context, id)
  return opened === undefined ? [] : [...new Set(presentMembers(opened.log).map(({ account }) => account))]
}

/** The accounts that may change the group. @throws MessengerError `messenger/unknown-group` */
export async function listAdmins(context: NodeContext, id: GroupId): Promise<AccountId[]> {
  const opened = await readKnown(context, id)
  return opened === undefined ? [] : invitersOf(groupRoles(opened.log))
}

async function readKnown(context: NodeContext, id: GroupId): Promise<OpenGroup | undefined> {
  const opened = await readGroup(context, context.store, id)
  if (opened === undefined && (await groupsTable.get(context.store, id)) === undefined)
    throw new MessengerError('messenger/unknown-group')
  return opened
}

export interface Sealed {
  readonly content: Uint8Array
  /** What shows its delivery. */
  readonly counted?: MessageId
  /** Where it stands in the log of messages: it is sealed again when its branch loses. */
  readonly number?: number
}

/** Seals one content in the group's present epoch and queues it for all other members; how many frames that are. */
export async function sealToGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  opened: OpenGroup,
  { content, counted, number }: Sealed,
): Promise<number> {
  const input = { kind: 'message', plaintext: content, aad: GROUP_CONTENT_AAD } as const
  const sends = { ...(counted !== undefined && { counted }), ...(number !== undefined && { number }) }
  return (await stepGroup(context, tx, id, opened, input, { sends })).frames
}

/** Logs and queues one message to all other members. */
export async function sendToGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  type: string,
  body: unknown,
): Promise<Message> {
  const opened = await openGroup(context, tx, id)
  const place = { kind: 'group', group: id } as const
  const message = newMessage(context, type, body, await headsOf(tx, place))
  const content = encodeMessage(context.registry, message)
  const { accountId: account, deviceId: device } = context.self
  const number = await logMessage(context, tx, { direction: 'out', place, account, device }, message)
  const sealed = { content, counted: message.id, ...(number !== null && { number }) }
  const pending = await sealToGroup(context, tx, id, opened, sealed)
  const members = new Set(presentMembers(opened.log).map((member) => member.account))
  const recipients = [...members].filter((one) => one !== account)
  sentTable.put(tx, { number: 0, pending, recipients, delivered: [], read: [] }, message.id)
  return message
}
