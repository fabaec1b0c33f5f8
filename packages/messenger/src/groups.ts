/**
 * Groups: their MLS state in the store, and messages to their members.
 *
 * Who may change a group, and how, stands in group-change.ts.
 */
import { encodeMessage, type Message } from '@hyphae/content'
import { type GroupId, utf8 } from '@hyphae/core'
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
import { keepEpochKeys, sendToMembers } from './group-frames.js'
import { headsOf, logMessage } from './log.js'
import { newMessage } from './message.js'
import { type GroupRow, groupEpochsTable, groupsTable, sentTable } from './rows.js'

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

/** Stores the state and the outer keys of its epoch. */
export async function keepGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  row: GroupRow,
  state: GroupState,
): Promise<void> {
  groupsTable.put(tx, { ...row, state: encodeGroup(state) }, id)
  await keepEpochKeys(context, tx, state)
}

export async function listMembers(context: NodeContext, id: GroupId): Promise<GroupMember[]> {
  const row = await groupsTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  return mlsMembers(decodeGroup(mlsContext(context), row.state)).map((member) => groupMember(context, member))
}

/** Logs and queues one message to all other members. */
export async function sendToGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  type: string,
  body: unknown,
): Promise<Message> {
  const { row, state } = await openGroup(context, tx, id)
  const place = { kind: 'group', group: id } as const
  const message = newMessage(context, type, body, await headsOf(tx, place))
  const content = encodeMessage(context.registry, message)
  const sealed = await encryptMessage(mlsContext(context), state, content, GROUP_CONTENT_AAD)
  const members = mlsMembers(state).map((member) => groupMember(context, member))
  const keys = await groupEpochsTable.get(tx, id, epoch(state))
  if (keys === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'group-epoch' } })
  const pending = await sendToMembers(context, tx, keys, members, sealed.message, message.id)
  groupsTable.put(tx, { ...row, state: encodeGroup(sealed.state) }, id)
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
