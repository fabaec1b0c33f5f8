/**
 * Groups: MLS state, who may change it, and its messages.
 *
 * In this version only the account that created a group commits, and every member refuses another's commit, so a
 * group cannot fork while its admin uses one device.
 */

import { encodeMessage, type Message } from '@hyphae/content'
import {
  type AccountId,
  GROUP_ID_BYTES,
  type GroupId,
  groupId,
  type IoOptions,
  idBytes,
  toHex,
} from '@hyphae/core'
import { openStockItem } from '@hyphae/identity'
import {
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epoch,
  type GroupState,
  addMembers as mlsAdd,
  createGroup as mlsCreate,
  members as mlsMembers,
  removeMembers as mlsRemove,
} from '@hyphae/mls'
import { boxOfSeed } from './boxes.js'
import { type Contact, findContact } from './contacts.js'
import { directoryOf, type NodeContext, transact, type Work } from './context.js'
import { type GroupWelcomeBody, MAX_GROUP_NAME_CHARACTERS } from './control.js'
import { createCredential, type GroupMember, groupMember, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { keepEpochKeys, sendToMembers } from './group-frames.js'
import { MAX_GROUP_MEMBERS } from './limits.js'
import { headsOf, logMessage } from './log.js'
import { newMessage } from './message.js'
import { boxesTable, type GroupRow, groupEpochsTable, groupsTable, sentTable } from './rows.js'
import { type PreparedSessions, prepareSessions, sendToContact } from './sessions.js'

/** Kind of the directory's stock that holds KeyPackages. */
export const KEY_PACKAGE_STOCK = 2

/** Bound to every application message of a group as its AAD. */
export const GROUP_CONTENT_AAD: Uint8Array = new TextEncoder().encode('hyphae group content')

interface Joiner {
  readonly contact: Contact
  readonly prepared: PreparedSessions
  readonly keyPackages: readonly Uint8Array[]
}

/** Creates a group with this account as its admin and adds the members in one commit. */
export async function createGroup(
  context: NodeContext,
  name: string,
  accounts: readonly AccountId[],
  options?: IoOptions,
): Promise<GroupId> {
  if (name.length > MAX_GROUP_NAME_CHARACTERS) {
    throw new MessengerError('messenger/too-long', {
      details: { characters: name.length, limit: MAX_GROUP_NAME_CHARACTERS },
    })
  }
  const joiners = await prepareJoiners(context, accounts, options)
  const { identity, boxSeed } = createCredential(context)
  return await transact(context, async (tx) => {
    const id = groupId(context.crypto.randomBytes(GROUP_ID_BYTES))
    const state = await mlsCreate(mlsContext(context), identity, idBytes(id))
    boxesTable.put(tx, { kind: 'group', seed: boxSeed, group: id }, boxOfSeed(context.crypto, boxSeed))
    tx.after(() => context.signals.boxes.fire())
    const row: GroupRow = {
      state: encodeGroup(state),
      name,
      admin: context.self.accountId,
      boxSeed,
      active: true,
    }
    await keepGroup(context, tx, id, row, state)
    if (joiners.length > 0) await commitJoiners(context, tx, id, row, state, joiners)
    return id
  })
}

/** Adds accounts with all their devices. @throws MessengerError `messenger/not-admin`, `messenger/group-full` */
export async function addToGroup(
  context: NodeContext,
  id: GroupId,
  accounts: readonly AccountId[],
  options?: IoOptions,
): Promise<void> {
  const present = new Set((await listMembers(context, id)).map((member) => member.account))
  const joiners = await prepareJoiners(
    context,
    accounts.filter((account) => !present.has(account)),
    options,
  )
  if (joiners.length === 0) return
  await transact(context, async (tx) => {
    const { row, state } = await openAsAdmin(context, tx, id)
    await commitJoiners(context, tx, id, row, state, joiners)
  })
}

/** Removes accounts with all their devices. @throws MessengerError `messenger/not-admin`, `messenger/not-member` */
export async function removeFromGroup(
  context: NodeContext,
  id: GroupId,
  accounts: readonly AccountId[],
): Promise<void> {
  await transact(context, (tx) => removeInTransaction(context, tx, id, accounts))
}

export async function removeInTransaction(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  accounts: readonly AccountId[],
): Promise<void> {
  const { row, state } = await openAsAdmin(context, tx, id)
  const before = mlsMembers(state).map((member) => groupMember(context, member))
  const leaves = before.filter((member) => accounts.includes(member.account)).map((member) => member.leaf)
  if (leaves.length === 0 || accounts.includes(context.self.accountId))
    throw new MessengerError('messenger/not-member')
  const removed = await mlsRemove(mlsContext(context), state, leaves)
  await sendCommit(context, tx, id, state, before, removed.commit)
  await keepGroup(context, tx, id, row, removed.state)
  tx.after(() => context.emit({ type: 'group-changed', group: id, added: [], removed: accounts }))
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
  sentTable.put(tx, { pending, recipients, delivered: [], read: [] }, message.id)
  const origin = {
    direction: 'out',
    place,
    account: context.self.accountId,
    device: context.self.deviceId,
  } as const
  await logMessage(context, tx, origin, message)
  return message
}

export async function listMembers(context: NodeContext, id: GroupId): Promise<GroupMember[]> {
  const row = await groupsTable.get(context.store, id)
  if (row === undefined) throw new MessengerError('messenger/unknown-group')
  return mlsMembers(decodeGroup(mlsContext(context), row.state)).map((member) => groupMember(context, member))
}

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

async function openAsAdmin(
  context: NodeContext,
  tx: Work,
  id: GroupId,
): Promise<{ row: GroupRow; state: GroupState }> {
  const opened = await openGroup(context, tx, id)
  if (opened.row.admin !== context.self.accountId) throw new MessengerError('messenger/not-admin')
  return opened
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

/** Contacts with sessions and KeyPackages, fetched before the transaction. */
async function prepareJoiners(
  context: NodeContext,
  accounts: readonly AccountId[],
  options?: IoOptions,
): Promise<Joiner[]> {
  const joiners: Joiner[] = []
  for (const account of new Set(accounts)) {
    const contact = await findContact(context, account, options)
    const prepared = await prepareSessions(context, contact, options)
    const keyPackages: Uint8Array[] = []
    for (const device of contact.devices) {
      const stock = await directoryOf(context).take(device.directory, KEY_PACKAGE_STOCK, options)
      const item = stock && openStockItem(context.crypto, device.account, device.directory, stock.item)
      if (item === undefined || item === null) throw new MessengerError('messenger/no-prekeys')
      keyPackages.push(item)
    }
    joiners.push({ contact, prepared, keyPackages })
  }
  return joiners
}

/** Commits the adds, tells the members of before, and sends each joiner the Welcome in its session. */
async function commitJoiners(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  row: GroupRow,
  state: GroupState,
  joiners: readonly Joiner[],
): Promise<void> {
  const before = mlsMembers(state).map((member) => groupMember(context, member))
  const keyPackages = joiners.flatMap((joiner) => joiner.keyPackages)
  if (before.length + keyPackages.length > MAX_GROUP_MEMBERS) {
    throw new MessengerError('messenger/group-full', { details: { limit: MAX_GROUP_MEMBERS } })
  }
  const added = await mlsAdd(mlsContext(context), state, [...keyPackages])
  await sendCommit(context, tx, id, state, before, added.commit)
  await keepGroup(context, tx, id, row, added.state)
  const body: GroupWelcomeBody = {
    group: idBytes(id),
    name: row.name,
    keyPackages: keyPackages.map((bytes) => context.crypto.sha256(bytes)),
    welcome: added.welcome,
  }
  const content = encodeMessage(context.registry, newMessage(context, 'hyphae/group-welcome', body, []))
  for (const { contact, prepared } of joiners) await sendToContact(context, tx, contact, prepared, content)
  const accounts = joiners.map((joiner) => joiner.contact.id)
  tx.after(() => context.emit({ type: 'group-changed', group: id, added: accounts, removed: [] }))
}

/** A commit travels under the outer key of the epoch it ends, to the members of that epoch. */
async function sendCommit(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  parent: GroupState,
  members: readonly GroupMember[],
  commit: Uint8Array,
): Promise<void> {
  const keys = await groupEpochsTable.get(tx, id, epoch(parent))
  if (keys === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'group-epoch' } })
  await sendToMembers(context, tx, keys, members, commit)
}

export function keyPackageHash(context: NodeContext, keyPackage: Uint8Array): string {
  return toHex(context.crypto.sha256(keyPackage))
}
