/**
 * Changing a group: creating it, adding and removing accounts, roles, leaving. Each is an intent of this node, which its
 * log carries out, and does so again when a rival commit goes first (spec/messenger.md section 5).
 */
import {
  type AccountId,
  equalBytes,
  GROUP_ID_BYTES,
  type GroupId,
  groupId,
  type IoOptions,
  idBytes,
} from '@hyphae/core'
import { accountKey } from '@hyphae/identity'
import { addMembers, createGroup as createMlsGroup, type GroupState, type Roles, rolesOf } from '@hyphae/mls'
import type { Intent, OrderEvent } from '@hyphae/mls/order'
import { type NodeContext, transact, type Work } from './context.js'
import { MAX_GROUP_NAME_CHARACTERS } from './control.js'
import { createCredential, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { beginGroupBoxes } from './group-boxes.js'
import { startGroup } from './group-join.js'
import { groupRoles, type OpenGroup, openGroup, presentMembers, rightOf } from './group-log.js'
import { stepGroup } from './group-step.js'
import { sendWelcome } from './group-welcome.js'
import { type Joiner, prepareJoiners } from './joiners.js'
import { MAX_GROUP_ADMINS, MAX_GROUP_MEMBERS } from './limits.js'
import { replaceSpares } from './spares.js'

/** What an account may do in a group: an admin anything, a member send and leave. */
export type GroupRole = 'admin' | 'member'

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
  const keyPackages = joiners.flatMap((joiner) => joiner.keyPackages)
  assertRoom(1 + keyPackages.length)
  const { identity, boxSeed } = createCredential(context)
  return await transact(context, async (tx) => {
    const id = groupId(context.crypto.randomBytes(GROUP_ID_BYTES))
    const rules = { inviteRule: 'admins', externalJoinRule: 'nobody' } as const
    const alone = await createMlsGroup(mlsContext(context), identity, idBytes(id), rules)
    // Nobody else is there to commit in its first epoch, so nothing has to be ordered.
    const added = keyPackages.length > 0 ? await addMembers(mlsContext(context), alone, keyPackages) : null
    const state = added?.state ?? alone
    await startGroup(context, tx, { id, name, roles: rolesIn(state), state, boxSeed })
    await beginGroupBoxes(context, tx, id, boxSeed)
    if (added === null) return id
    const names = joiners.map((joiner) => joiner.contact.id)
    const welcome = { group: id, name, keyPackages, welcome: added.welcome, accounts: names }
    await sendWelcome(context, tx, welcome, joiners)
    for (const { contact } of joiners) await replaceSpares(context, tx, contact)
    tx.after(() => context.emit({ type: 'group-changed', group: id, added: names, removed: [] }))
    return id
  })
}

function rolesIn(state: GroupState): Roles {
  const roles = rolesOf(state)
  if (roles === null) throw new MessengerError('messenger/bad-row', { details: { table: 'group-log' } })
  return roles
}

function assertRoom(members: number): void {
  if (members > MAX_GROUP_MEMBERS)
    throw new MessengerError('messenger/group-full', { details: { limit: MAX_GROUP_MEMBERS } })
}

/** Adds accounts with all their devices. @throws MessengerError `messenger/not-admin`, `messenger/group-full` */
export async function addToGroup(
  context: NodeContext,
  id: GroupId,
  accounts: readonly AccountId[],
  options?: IoOptions,
): Promise<void> {
  const known = await openGroup(context, context.store, id)
  assertAdmin(context, known)
  const present = new Set(presentMembers(known.log).map(({ device }) => device))
  const joiners = await prepareJoiners(context, accounts, { ...options, present })
  if (joiners.length === 0) return
  await transact(context, async (tx) => {
    const opened = await openGroup(context, tx, id)
    assertAdmin(context, opened)
    const keyPackages = joiners.flatMap((joiner) => joiner.keyPackages)
    assertRoom(presentMembers(opened.log).length + keyPackages.length)
    const intents = keyPackages.map((keyPackage): Intent => ({ kind: 'add', keyPackage }))
    await want(context, tx, id, opened, intents, joiners)
    for (const { contact } of joiners) await replaceSpares(context, tx, contact)
  })
}

/** Removes accounts with all their devices. @throws MessengerError `messenger/not-admin`, `messenger/not-member` */
export async function removeFromGroup(
  context: NodeContext,
  id: GroupId,
  accounts: readonly AccountId[],
): Promise<void> {
  await transact(context, async (tx) => {
    const opened = await openGroup(context, tx, id)
    assertAdmin(context, opened)
    const leaves = presentMembers(opened.log).filter(({ account }) => accounts.includes(account))
    if (leaves.length === 0 || accounts.includes(context.self.accountId))
      throw new MessengerError('messenger/not-member')
    // Rights go with the member, or it would have them when it came again.
    const roles = groupRoles(opened.log)
    const admins = roles.admins.filter(
      (admin) => !accounts.some((one) => equalBytes(accountKey(one), admin.account)),
    )
    const intents: Intent[] = leaves.map(({ signatureKey }) => ({ kind: 'remove', signatureKey }))
    if (admins.length < roles.admins.length) intents.push({ kind: 'roles', roles: { ...roles, admins } })
    await want(context, tx, id, opened, intents)
  })
}

/**
 * Makes a member an admin, or an admin a member.
 * @throws MessengerError `messenger/not-admin`, `messenger/not-member`, `messenger/too-many-admins`,
 * `messenger/admin-stays` for the last one
 */
export async function setGroupRole(
  context: NodeContext,
  id: GroupId,
  account: AccountId,
  role: GroupRole,
): Promise<void> {
  await transact(context, async (tx) => {
    const opened = await openGroup(context, tx, id)
    assertAdmin(context, opened)
    if (!presentMembers(opened.log).some((member) => member.account === account))
      throw new MessengerError('messenger/not-member')
    const roles = groupRoles(opened.log)
    const others = roles.admins.filter((admin) => !equalBytes(admin.account, accountKey(account)))
    if (others.length < roles.admins.length === (role === 'admin')) return
    const given = { account: accountKey(account), right: 'full' } as const
    const admins = role === 'admin' ? [...others, given] : others
    if (admins.length === 0) throw new MessengerError('messenger/admin-stays')
    if (admins.length > MAX_GROUP_ADMINS)
      throw new MessengerError('messenger/too-many-admins', { details: { limit: MAX_GROUP_ADMINS } })
    await want(context, tx, id, opened, [{ kind: 'roles', roles: { ...roles, admins } }])
  })
}

/**
 * Asks the others to be removed, and removes the account's other devices.
 * @throws MessengerError `messenger/admin-stays` for the last admin
 */
export async function leaveGroup(context: NodeContext, id: GroupId): Promise<void> {
  await transact(context, async (tx) => {
    const opened = await openGroup(context, tx, id)
    const { accountId: own, deviceId } = context.self
    const right = rightOf(groupRoles(opened.log), own)
    const { admins } = groupRoles(opened.log)
    if (right === 'full' && admins.filter((admin) => admin.right === 'full').length === 1)
      throw new MessengerError('messenger/admin-stays')
    const others = presentMembers(opened.log).filter(
      ({ account, device }) => account === own && device !== deviceId,
    )
    const intents: Intent[] = others.map(({ signatureKey }) => ({ kind: 'remove', signatureKey }))
    await want(context, tx, id, opened, [...intents, { kind: 'leave' }])
  })
}

function assertAdmin({ self }: NodeContext, { log }: OpenGroup): void {
  const right = rightOf(groupRoles(log), self.accountId)
  if (right !== 'full' && right !== 'members') throw new MessengerError('messenger/not-admin')
}

/** Refused at once is refused: nothing has changed then. */
async function want(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  opened: OpenGroup,
  intents: readonly Intent[],
  joiners: readonly Joiner[] = [],
): Promise<void> {
  const { events } = await stepGroup(context, tx, id, opened, { kind: 'intents', intents }, { joiners })
  for (const event of events) assertNotRefused(event)
}

function assertNotRefused(event: OrderEvent): void {
  if (event.kind !== 'intent-dropped' || event.reason === 'done-by-another') return
  if (event.reason === 'mls/not-permitted') throw new MessengerError('messenger/not-admin')
  if (event.reason === 'messenger/group-full') throw new MessengerError('messenger/group-full')
  throw new MessengerError('messenger/change-refused', { details: { reason: event.reason } })
}
