/**
 * The log of a group's commits in the store (spec/ordering.md section 9), and what this device may do by it. Makes no
 * steps; group-step.ts does.
 */
import { type AccountId, equalBytes, type GroupId, type StoreReader } from '@hyphae/core'
import { accountId } from '@hyphae/identity'
import { type Right, type Roles, roleRules, rolesOf } from '@hyphae/mls'
import {
  decodeLogRows,
  type EpochNode,
  encodeLogChanges,
  encodeLogRows,
  type GroupLog,
  type GroupRules,
  type OrderContext,
} from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { type GroupMember, groupMembers, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { type GroupRow, groupLogTable, groupsTable } from './group-rows.js'
import { MAX_GROUP_MEMBERS } from './limits.js'

const REVISION_BYTES = 16

/** A group as the store has it. */
export interface OpenGroup {
  readonly row: GroupRow
  readonly log: GroupLog
}

interface Kept {
  readonly revision: Uint8Array
  readonly log: GroupLog
}

/** What was read last: one that is of no transaction that succeeded has a revision that no row has. */
const kept = new WeakMap<NodeContext, Map<GroupId, Kept>>()

/** The group, also when this device is not in it any more; undefined when there is none, or nothing is kept of it. */
export async function readGroup(
  context: NodeContext,
  reader: StoreReader,
  id: GroupId,
): Promise<OpenGroup | undefined> {
  const row = await groupsTable.get(reader, id)
  if (row === undefined || (!row.active && row.removedAt === 0)) return undefined
  const known = kept.get(context)?.get(id)
  if (known !== undefined && equalBytes(known.revision, row.revision)) return { row, log: known.log }
  const rows = await groupLogTable.list(reader, [id])
  const log = decodeLogRows(
    mlsContext(context),
    rows.map(({ parts, row: value }) => ({ key: String(parts[1]), value })),
  )
  keep(context, id, { revision: row.revision, log })
  return { row, log }
}

function keep(context: NodeContext, id: GroupId, one: Kept): void {
  const groups = kept.get(context) ?? new Map<GroupId, Kept>()
  kept.set(context, groups.set(id, one))
}

/** The group that this device is in. @throws MessengerError `messenger/unknown-group`, `messenger/left-group` */
export async function openGroup(context: NodeContext, reader: StoreReader, id: GroupId): Promise<OpenGroup> {
  const opened = await readGroup(context, reader, id)
  if (opened?.row.active === true) return opened
  const known = await groupsTable.get(reader, id)
  throw new MessengerError(known === undefined ? 'messenger/unknown-group' : 'messenger/left-group')
}

/** Writes what has changed; `before` is null for a log that the store does not have. */
export function storeLog(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  before: GroupLog | null,
  { row, log }: OpenGroup,
): OpenGroup {
  const changes = before === null ? encodeLogRows(log) : encodeLogChanges(before, log)
  for (const { key, value } of changes)
    if (value === null) groupLogTable.delete(tx, id, key)
    else groupLogTable.put(tx, value, id, key)
  const revision = context.crypto.randomBytes(REVISION_BYTES)
  const stored = { ...row, revision }
  groupsTable.put(tx, stored, id)
  keep(context, id, { revision, log })
  return { row: stored, log }
}

/** The history stays, the secrets go. */
export async function deleteLog(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  for (const { parts } of await groupLogTable.list(tx, [id])) groupLogTable.delete(tx, ...parts)
  kept.get(context)?.delete(id)
}

export function tipOf({ nodes, tip }: GroupLog): EpochNode {
  const node = nodes.get(tip)
  if (node === undefined) throw new MessengerError('messenger/bad-row', { details: { table: 'group-log' } })
  return node
}

/** Of the branch that is followed. */
export function presentMembers(log: GroupLog): readonly GroupMember[] {
  return groupMembers(tipOf(log).state)
}

/** A group of this version has roles. */
export function groupRoles(log: GroupLog): Roles {
  const roles = rolesOf(tipOf(log).state)
  if (roles === null) throw new MessengerError('messenger/bad-row', { details: { table: 'group-log' } })
  return roles
}

/** The right of an account, undefined when it has none. */
export function rightOf({ admins }: Roles, account: AccountId): Right | undefined {
  return admins.find((admin) => accountId(admin.account) === account)?.right
}

/** Accounts that may change the members. */
export function invitersOf({ admins }: Roles): AccountId[] {
  return admins.filter(({ right }) => right !== 'rotation').map(({ account }) => accountId(account))
}

/**
 * What a step is given. Where nobody else may invite, a rival would have to be a commit that needs no right, and goes
 * after this one: then a commit stands at once, and so does its Welcome. Else it waits for rivals first.
 */
export function orderContext(context: NodeContext, log: GroupLog): OrderContext {
  const inviters = invitersOf(groupRoles(log))
  const others = presentMembers(log).filter(
    ({ account, device }) => device !== context.self.deviceId && inviters.includes(account),
  )
  const alone = inviters.includes(context.self.accountId) && others.length === 0
  return { ...firstContext(context), mode: alone ? 'relay-sequenced' : 'deterministic' }
}

/** For a log that begins. */
export function firstContext(context: NodeContext): OrderContext {
  const mls = mlsContext(context)
  // Only signs: the credential is another one in each group.
  const identity = { signing: context.self.device.mls, credential: new Uint8Array() }
  return { mls, identity, mode: 'deterministic', rules: groupRules(mls) }
}

/** The roles decide, and no commit makes a group larger than its Welcomes may be. */
function groupRules(mls: OrderContext['mls']): GroupRules {
  const roles = roleRules(mls)
  return {
    judge: (parent, transition) => {
      const { added, removed } = transition
      const size = groupMembers(parent).length + added.length - removed.length
      return added.length > 0 && size > MAX_GROUP_MEMBERS
        ? { kind: 'refused', reason: 'messenger/group-full' }
        : roles.judge(parent, transition)
    },
  }
}
