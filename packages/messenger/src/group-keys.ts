/**
 * Outer keys of group frames, and with which of them each member is written to (spec/messenger.md section 5).
 *
 * Every epoch has its own, from its exporter, so who has been removed cannot tell the frames of the epochs after that.
 * But a frame must be opened by whoever lags behind, too, or it would never learn that it does. So each member is
 * written to under the keys of the epoch in which it was heard last: those it has for certain, and keeps.
 */
import { type DeviceId, type GroupId, toHex } from '@hyphae/core'
import { exportSecret, type GroupState } from '@hyphae/mls'
import type { EpochNode, EpochTag, GroupLog } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { groupMember, groupMembers, mlsContext } from './credential.js'
import { MessengerError } from './errors.js'
import { type GroupEpochRow, groupEpochsTable, groupHeardTable } from './group-rows.js'
import { KEPT_GROUP_KEYS } from './limits.js'
import { nextNumber } from './table.js'

const LABEL = 'hyphae group frame'
const KEY_BYTES = 32
const EMPTY = new Uint8Array()
/** Counts epochs in the order in which their keys were made or written under. */
const USES = 'group-epoch'

type Heard = Readonly<Record<string, EpochTag>>

/** Keeps the outer keys of the epochs that a log has and had not, notes who has which, and forgets those of no use. */
export async function followKeys(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  before: GroupLog | null,
  after: GroupLog,
): Promise<void> {
  const fresh = [...after.nodes.values()].filter(({ tag }) => before?.nodes.has(tag) !== true)
  for (const { tag, state, active } of fresh) if (active) await keepKeys(context, tx, id, tag, state)
  const heard = { ...((await groupHeardTable.get(tx, id)) ?? {}) }
  const known = JSON.stringify(heard)
  for (const node of fresh) hearCommit(heard, node)
  await hearPleas(tx, id, heard, before, after)
  if (JSON.stringify(heard) !== known) groupHeardTable.put(tx, heard, id)
  if (fresh.length > 0) await forgetKeys(tx, id, after, heard)
}

async function keepKeys(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  tag: EpochTag,
  state: GroupState,
): Promise<void> {
  const keys = await exportSecret(mlsContext(context), state, LABEL, EMPTY, 2 * KEY_BYTES)
  const used = await nextNumber(tx, USES)
  groupEpochsTable.put(
    tx,
    { frameKey: keys.slice(0, KEY_BYTES), tagKey: keys.slice(KEY_BYTES), used },
    id,
    tag,
  )
}

/** Who commits has the epoch that it begins, and who is added in it will. */
function hearCommit(heard: Record<string, EpochTag>, { tag, link, active }: EpochNode): void {
  if (link === null || !active) return
  for (const member of [...(link.own ? [] : [link.committer]), ...link.added])
    heard[groupMember(member).device] = tag
}

/** Who says where it stands has the epochs that it names. */
async function hearPleas(
  tx: Work,
  id: GroupId,
  heard: Record<string, EpochTag>,
  before: GroupLog | null,
  after: GroupLog,
): Promise<void> {
  if (before === null || before.beacons === after.beacons) return
  for (const beacon of after.beacons.values()) {
    if (before.beacons.get(beacon.key) === beacon) continue
    const device = deviceWith(after, beacon.key)
    if (device === undefined) continue
    for (const tag of beacon.lineage) {
      if ((await groupEpochsTable.get(tx, id, tag)) === undefined) continue
      heard[device] = tag
      break
    }
  }
}

/** The device with this signature key, hexadecimal, on any branch. */
function deviceWith({ nodes }: GroupLog, key: string): DeviceId | undefined {
  for (const { state } of nodes.values())
    for (const { signatureKey, device } of groupMembers(state)) if (toHex(signatureKey) === key) return device
  return undefined
}

/**
 * What was used last is kept, so that whoever has missed the newest still reaches this node; and what members are
 * written to with, and the log may still read in.
 */
async function forgetKeys(tx: Work, id: GroupId, { nodes }: GroupLog, heard: Heard): Promise<void> {
  const needed = new Set([...nodes.keys(), ...Object.values(heard)])
  const rows = (await groupEpochsTable.list(tx, [id])).sort((a, b) => b.row.used - a.row.used)
  for (const { parts } of rows.slice(KEPT_GROUP_KEYS))
    if (!needed.has(parts[1] as EpochTag)) groupEpochsTable.delete(tx, ...parts)
}

/** A message of this epoch was read: its sender has the epoch's keys. */
export async function hearMember(tx: Work, id: GroupId, device: DeviceId, tag: EpochTag): Promise<void> {
  const heard: Heard = (await groupHeardTable.get(tx, id)) ?? {}
  if (heard[device] !== tag) groupHeardTable.put(tx, { ...heard, [device]: tag }, id)
}

/** The keys that each member is written to with. */
export type KeysOf = (device: DeviceId) => GroupEpochRow

/** Where nothing is known of a member, it is those of the oldest epoch that the log has: others may be ahead of it. */
export async function keysToWrite(tx: Work, id: GroupId, { root }: GroupLog): Promise<KeysOf> {
  const rows = await groupEpochsTable.list(tx, [id])
  const byTag = new Map(rows.map(({ parts, row }) => [parts[1] as EpochTag, row]))
  const heard: Heard = (await groupHeardTable.get(tx, id)) ?? {}
  const oldest = byTag.get(root)
  if (oldest === undefined)
    throw new MessengerError('messenger/bad-row', { details: { table: 'group-epoch' } })
  return (device) => byTag.get(heard[device] ?? root) ?? oldest
}

/** This node has spoken in an epoch: others may write to it with those keys until they hear it again. */
export async function keepSpoken(tx: Work, id: GroupId, tag: EpochTag): Promise<void> {
  const row = await groupEpochsTable.get(tx, id, tag)
  if (row === undefined) return
  groupEpochsTable.put(tx, { ...row, used: await nextNumber(tx, USES) }, id, tag)
}

/** Nothing of the group is read or written any more. */
export async function forgetAllKeys(tx: Work, id: GroupId): Promise<void> {
  for (const { parts } of await groupEpochsTable.list(tx, [id])) groupEpochsTable.delete(tx, ...parts)
  groupHeardTable.delete(tx, id)
}
