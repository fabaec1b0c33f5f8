/**
 * Groups: their MLS state in the store, and messages to their members.
 *
 * Who may change a group, and how, stands in group-change.ts.
 */
import { encodeMessage, type Message } from '@hyphae/content'
import { type GroupId, type MessageId, utf8 } from '@hyphae/core'
import {
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epoch,
  type GroupState,
  members as mlsMembers,
} from '@hyphae/mls'
import type { NodeContext, Work } from './context.js'
import { type GroupMember, groupMember, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { keepMemberBoxes, noteGroupWrite, withPresentBoxes } from './group-boxes.js'
import { keepEpochKeys, sendToMembers } from './group-frames.js'
import { type GroupRow, groupEpochsTable, groupsTable } from './group-rows.js'
import { headsOf, logMessage } from './log.js'
import { newMessage } from './message.js'
import { sentTable } from './rows.js'

/** Bound to every application message of a group as its AAD. */
export const GROUP_CONTENT_AAD: Uint8Array = utf8('hyphae group content')

/** @throws MessengerError `messenger/unknown-group`, `messenger/left-group` */
export async function openGroup(
  context: NodeContext,
  tx: Pick<Work, 'get' | 'list'>,
  id: GroupId,
): Promise<{ row: GroupRow; state: GroupState }> {
  const row = await groupsTable.get(tx, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  if (!row.active) throw new MessengerError('messenger/left-group')
  return { row, state: decodeGroup(mlsContext(context), row.state) }
}

/** Stores the state and the outer keys of its epoch, and forgets where those were written to who are gone. */
export async function keepGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  row: GroupRow,
  state: GroupState,
): Promise<void> {
  groupsTable.put(tx, { ...row, state: encodeGroup(state) }, id)
  await keepEpochKeys(context, tx, state)
  await keepMemberBoxes(tx, id, membersOf(context, state))
}

export async function listMembers(context: NodeContext, id: GroupId): Promise<GroupMember[]> {
  const row = await groupsTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  return membersOf(context, decodeGroup(mlsContext(context), row.state))
}

export function membersOf(context: NodeContext, state: GroupState): GroupMember[] {
  return mlsMembers(state).map((member) => groupMember(context, member))
}

/** Seals one content in the group's present epoch and queues it for all other members; `counted` is what shows its delivery. */
export async function sealToGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  { row, state }: { readonly row: GroupRow; readonly state: GroupState },
  { content, counted }: { readonly content: Uint8Array; readonly counted?: MessageId },
): Promise<{ readonly members: GroupMember[]; readonly pending: number }> {
  const sealed = await encryptMessage(mlsContext(context), state, content, GROUP_CONTENT_AAD)
  const members = await withPresentBoxes(context, tx, id, membersOf(context, state))
  const keys = await groupEpochsTable.get(tx, id, epoch(state))
  if (keys === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'group-epoch' } })
  const pending = await sendToMembers(context, tx, keys, members, sealed.message, counted)
  await noteGroupWrite(context, tx, id)
  groupsTable.put(tx, { ...row, state: encodeGroup(sealed.state) }, id)
  return { members, pending }
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
  const counted = message.id
  const { members, pending } = await sealToGroup(context, tx, id, opened, { content, counted })
  const recipients = [...new Set(members.map((member) => member.account))].filter(
    (one) => one !== context.self.accountId,
  )
  sentTable.put(tx, { number: 0, pending, recipients, delivered: [], read: [] }, message.id)
  const origin = {
    direction: 'out',
    place,
    account: context.self.accountId,
    device: context.self.deviceId,
  } as const
  await logMessage(context, tx, origin, message)
  return message
}
