/**
 * Changing a group: creating it, adding and removing accounts.
 *
 * In this version only the account that created a group commits, and every member refuses another's commit, so a
 * group cannot fork while its admin uses one device.
 */
import { encodeMessage } from '@hyphae/content'
import { type AccountId, GROUP_ID_BYTES, type GroupId, groupId, type IoOptions, idBytes } from '@hyphae/core'
import {
  encodeGroup,
  epoch,
  type GroupState,
  addMembers as mlsAdd,
  createGroup as mlsCreate,
  members as mlsMembers,
  removeMembers as mlsRemove,
} from '@hyphae/mls'
import { type NodeContext, transact, type Work } from './context.js'
import { type GroupWelcomeBody, MAX_GROUP_NAME_CHARACTERS } from './control.js'
import { createCredential, type GroupMember, groupMember, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { beginGroupBoxes, noteGroupWrite, withPresentBoxes } from './group-boxes.js'
import { sendToMembers } from './group-frames.js'
import { type GroupRow, groupEpochsTable } from './group-rows.js'
import { keepGroup, listMembers, openGroup } from './groups.js'
import { type Joiner, prepareJoiners } from './joiners.js'
import { MAX_GROUP_MEMBERS } from './limits.js'
import { newMessage } from './message.js'
import { welcomesTable } from './rows.js'
import { sendToContact } from './sessions.js'
import { replaceSpares } from './spares.js'
import { nextNumber } from './table.js'

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
    await beginGroupBoxes(context, tx, id, boxSeed)
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

async function openAsAdmin(
  context: NodeContext,
  tx: Work,
  id: GroupId,
): Promise<{ row: GroupRow; state: GroupState }> {
  const opened = await openGroup(context, tx, id)
  if (opened.row.admin !== context.self.accountId) throw new MessengerError('messenger/not-admin')
  return opened
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
  const message = newMessage(context, 'hyphae/group-welcome', body, [])
  const content = encodeMessage(context.registry, message)
  const awaited = { id: message.id, number: await nextNumber(tx, 'log'), logged: false }
  welcomesTable.put(tx, awaited.number, message.id)
  for (const { contact, prepared } of joiners)
    await sendToContact(context, tx, contact, prepared, content, awaited)
  for (const { contact } of joiners) await replaceSpares(context, tx, contact)
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
  const frames = await sendToMembers(
    context,
    tx,
    keys,
    await withPresentBoxes(context, tx, id, members),
    commit,
  )
  if (frames > 0) await noteGroupWrite(context, tx, id)
}
