/**
 * Where the members of a group are written to and read (spec/messenger.md section 1.4): the box of the credential, or
 * the latest that a member has told of since.
 *
 * Knows of no MLS: who says what was authenticated before. When a member draws a new box stands in group-turns.ts.
 */
import { type BoxId, boxId, equalBytes, type GroupId } from '@hyphae/core'
import { boxOfSeed } from './boxes.js'
import type { NodeContext, Work } from './context.js'
import type { GroupBoxBody } from './control.js'
import type { GroupMember } from './credential.js'
import {
  type GroupRow,
  type GroupTurnRow,
  groupTurnsTable,
  memberBoxesTable,
  thinMembersTable,
} from './group-rows.js'
import { GROUP_BOX_TRUST_MS } from './limits.js'
import { boxesTable } from './rows.js'

/** From now on this device reads the box that its credential names. */
export async function beginGroupBoxes(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  boxSeed: Uint8Array,
): Promise<void> {
  boxesTable.put(tx, { kind: 'group', seed: boxSeed, group: id }, boxOfSeed(context.crypto, boxSeed))
  // Who was in this group before goes on counting: an old announcement that is under way must not be the newest.
  const number = (await groupTurnsTable.get(tx, id))?.number ?? 0
  groupTurnsTable.put(tx, { number, since: context.clock.now(), mail: false, wroteAt: 0, open: [] }, id)
  tx.after(() => context.signals.boxes.fire())
}

/** The group is over for this device: none of its boxes there is read any more, and where others were is forgotten. */
export async function endGroupBoxes(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  row: GroupRow,
): Promise<void> {
  boxesTable.delete(tx, boxOfSeed(context.crypto, row.boxSeed))
  const turns = await groupTurnsTable.get(tx, id)
  for (const { box } of turns?.open ?? []) boxesTable.delete(tx, box)
  if (turns !== undefined) groupTurnsTable.put(tx, { ...turns, mail: false, wroteAt: 0, open: [] }, id)
  await keepMemberBoxes(tx, id, [])
  tx.after(() => context.signals.boxes.fire())
}

/** Something was read that a member said or the admin did: the box in use has been seen to have mail. */
export async function noteGroupMail(tx: Work, id: GroupId): Promise<void> {
  const row = await groupTurnsTable.get(tx, id)
  if (row !== undefined && !row.mail) groupTurnsTable.put(tx, { ...row, mail: true }, id)
}

/** This device writes to the group: from now on its boxes get cover for a while (spec/privacy.md section 4). */
export async function noteGroupWrite(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  const row = await groupTurnsTable.get(tx, id)
  if (row !== undefined) groupTurnsTable.put(tx, { ...row, wroteAt: Math.max(1, context.clock.now()) }, id)
}

/**
 * A member has told of its new box. Counts if it is the latest, and said by one who is in the group now by the same
 * credential: what it said before it was removed and added again is about a box that it reads no more.
 */
export async function learnMemberBox(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  from: { readonly sender: GroupMember; readonly members: readonly GroupMember[] },
  { box, number }: GroupBoxBody,
): Promise<void> {
  const { device, box: credential } = from.sender
  if (!from.members.some((one) => one.device === device && equalBytes(one.box, credential))) return
  const known = await memberBoxesTable.get(tx, id, device)
  if (known !== undefined && equalBytes(known.credential, credential) && number <= known.number) return
  memberBoxesTable.put(tx, { credential, box, number, learnedAt: context.clock.now() }, id, device)
}

/** The members, each with the box that is written to now. */
export async function withPresentBoxes(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  members: readonly GroupMember[],
): Promise<GroupMember[]> {
  const known = new Map((await memberBoxesTable.list(tx, [id])).map(({ parts, row }) => [parts[1], row]))
  const now = context.clock.now()
  return members.map((member) => {
    const row = known.get(member.device)
    if (row === undefined || !equalBytes(row.credential, member.box)) return member
    // Of so old a box it is not known whether it is read still; of the credential's it is, whatever the clock shows.
    return Math.abs(now - row.learnedAt) < GROUP_BOX_TRUST_MS ? { ...member, box: boxId(row.box) } : member
  })
}

/** Forgets where those were written to who are in the group no more. */
export async function keepMemberBoxes(
  tx: Work,
  id: GroupId,
  members: readonly { readonly device: string; readonly box: BoxId }[],
): Promise<void> {
  for (const { parts, row } of await memberBoxesTable.list(tx, [id])) {
    const stays = members.some((one) => one.device === parts[1] && equalBytes(one.box, row.credential))
    if (!stays) memberBoxesTable.delete(tx, ...parts)
  }
  for (const { parts } of await thinMembersTable.list(tx, [id]))
    if (!members.some((one) => one.device === parts[1])) thinMembersTable.delete(tx, ...parts)
}

/** What a turn leaves: the box before is replaced, the new one is the last of the open ones. */
export function turnedTo(row: GroupTurnRow, box: Uint8Array, now: number): GroupTurnRow {
  const replacedAt = Math.max(1, now)
  const open = row.open.map((one) => (one.replacedAt === 0 ? { ...one, replacedAt } : one))
  return { ...row, number: row.number + 1, since: now, mail: false, open: [...open, { box, replacedAt: 0 }] }
}
