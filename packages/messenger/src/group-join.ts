/**
 * Joining by a Welcome: a group that is new here, one that this device was in before, and one that it is in and cannot
 * follow, or has been invited to anew (spec/messenger.md section 5).
 */
import { type AccountId, type GroupId, groupId, toHex } from '@hyphae/core'
import { accountId } from '@hyphae/identity'
import { epoch, type GroupState, groupIdOf, joinGroup, type Roles, rolesOf } from '@hyphae/mls'
import { startLog } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import type { GroupWelcomeBody } from './control.js'
import { groupMembers, mlsContext } from './credential.js'
import { beginGroupBoxes, endGroupBoxes } from './group-boxes.js'
import { followKeys } from './group-keys.js'
import { deleteLog, firstContext, invitersOf, type OpenGroup, readGroup, storeLog } from './group-log.js'
import { openEarly } from './group-receive.js'
import { type GroupRow, groupsTable } from './group-rows.js'
import { stepGroup } from './group-step.js'
import { orRefuse } from './refuse.js'
import { type KeyPackageRow, keyPackagesTable } from './rows.js'

const NO_BYTES = new Uint8Array()

interface Invited {
  readonly id: GroupId
  readonly name: string
  readonly roles: Roles
  readonly state: GroupState
  readonly boxSeed: Uint8Array
}

/** Joins the group that a Welcome describes, when its sender may invite there. */
export async function joinByWelcome(
  context: NodeContext,
  tx: Work,
  sender: AccountId,
  body: GroupWelcomeBody,
): Promise<void> {
  const mine = await findKeyPackage(tx, body)
  if (mine === undefined) return
  const state = await orRefuse(context, tx, 'group', () =>
    joinGroup(mlsContext(context), { ...mine.row, welcome: body.welcome }),
  )
  const roles = state === null ? null : rolesOf(state)
  if (state === null || roles === null || toHex(body.group) !== toHex(groupIdOf(state))) return
  const id = groupId(groupIdOf(state))
  const invited = { id, name: body.name, roles, state, boxSeed: mine.row.boxSeed }
  if (!(await mayInvite(context, tx, sender, invited))) return
  if (!mine.row.lastResort) keyPackagesTable.delete(tx, mine.hash)
  const opened = await readGroup(context, tx, id)
  if (opened?.row.active === true) await rejoin(context, tx, opened, invited)
  else await begin(context, tx, invited)
  await openEarly(context, tx, id)
}

async function findKeyPackage(
  tx: Work,
  body: GroupWelcomeBody,
): Promise<{ hash: string; row: KeyPackageRow } | undefined> {
  for (const bytes of body.keyPackages) {
    const row = await keyPackagesTable.get(tx, toHex(bytes))
    if (row !== undefined) return { hash: toHex(bytes), row }
  }
  return undefined
}

/**
 * Into a new group whoever may invite there; where this device was before, only who might do so when it last read the
 * group: whoever has left since, or was removed, could else take it along into a group of its own making.
 */
async function mayInvite(
  context: NodeContext,
  tx: Work,
  sender: AccountId,
  { id, state, roles }: Invited,
): Promise<boolean> {
  const own = sender === context.self.accountId
  const isMember = groupMembers(state).some(({ account }) => account === sender)
  if (!isMember || !(own || invitersOf(roles).includes(sender))) return false
  const known = await groupsTable.get(tx, id)
  if (known === undefined) return true
  if (known.creator !== accountId(roles.creator) || !(own || known.admins.includes(sender))) return false
  if (!known.active) return epoch(state) > known.epoch
  const opened = await readGroup(context, tx, id)
  // An invitation that comes late must not lead back, and one that is opened twice gives keys that were used.
  return opened?.log.stall?.leaving === true || epoch(state) > known.epoch
}

async function begin(context: NodeContext, tx: Work, invited: Invited): Promise<void> {
  const { id, name } = invited
  const known = await groupsTable.get(tx, id)
  if (known !== undefined) {
    await endGroupBoxes(context, tx, id, known)
    await deleteLog(context, tx, id)
  }
  await startGroup(context, tx, invited)
  await beginGroupBoxes(context, tx, id, invited.boxSeed)
  tx.after(() => {
    context.signals.upkeep.fire()
    context.emit({ type: 'group-joined', group: id, name })
  })
}

/** A log that begins where this device founded or joined the group. */
export async function startGroup(context: NodeContext, tx: Work, invited: Invited): Promise<OpenGroup> {
  const { id, name, roles, state, boxSeed } = invited
  const log = await startLog(firstContext(context), state)
  const row: GroupRow = {
    name,
    creator: accountId(roles.creator),
    admins: invitersOf(roles),
    boxSeed,
    active: true,
    removedAt: 0,
    epoch: epoch(state),
    revision: NO_BYTES,
    restless: false,
    inviting: false,
    stalledAt: 0,
    asked: 0,
  }
  await followKeys(context, tx, id, null, log)
  return storeLog(context, tx, id, null, { row, log })
}

/** The log goes on from there, with what this device still wants; it is written to at the box of its new credential. */
async function rejoin(
  context: NodeContext,
  tx: Work,
  { row, log }: OpenGroup,
  { id, state, boxSeed }: Invited,
): Promise<void> {
  const input = { kind: 'joined', state } as const
  const before = { row: { ...row, boxSeed }, log }
  await endGroupBoxes(context, tx, id, row)
  await beginGroupBoxes(context, tx, id, boxSeed)
  await stepGroup(context, tx, id, before, input)
  tx.after(() => context.signals.upkeep.fire())
}
