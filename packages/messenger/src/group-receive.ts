/** Group frames that arrive: joining by a Welcome, messages, commits, and frames that came too early. */
import { decodeMessage } from '@hyphae/content'
import { type AccountId, type BoxId, boxId, type GroupId, groupId, toHex } from '@hyphae/core'
import {
  encodeGroup,
  type GroupState,
  groupIdOf,
  joinGroup,
  members as mlsMembers,
  processMessage,
} from '@hyphae/mls'
import type { NodeContext, Work } from './context.js'
import {
  type GroupBoxBody,
  type GroupWelcomeBody,
  groupBoxContent,
  groupLeaveContent,
  keyPackageContent,
} from './control.js'
import { type GroupMember, groupMember, mlsContext } from './credential.js'
import { beginGroupBoxes, endGroupBoxes, learnMemberBox, noteGroupMail } from './group-boxes.js'
import { removeInTransaction } from './group-change.js'
import { openGroupBytes } from './group-frames.js'
import {
  type EarlyFrameRow,
  earlyFramesTable,
  type GroupRow,
  groupsTable,
  thinMembersTable,
} from './group-rows.js'
import { keepGroup, membersOf, openGroup } from './groups.js'
import { MAX_EARLY_FRAMES, STANDARD_FRAME_BYTES } from './limits.js'
import { logMessage } from './log.js'
import { orRefuse } from './refuse.js'
import { type KeyPackageRow, keyPackagesTable } from './rows.js'
import { nextNumber } from './table.js'

/** Joins the group a Welcome describes; its sender becomes the admin and must be a member. */
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
  if (state === null) return
  const id = groupId(groupIdOf(state))
  const known = await groupsTable.get(tx, id)
  const senderIsMember = mlsMembers(state).some((member) => groupMember(context, member).account === sender)
  if (toHex(body.group) !== id || !senderIsMember || known?.active || (known && known.admin !== sender))
    return
  if (!mine.row.lastResort) keyPackagesTable.delete(tx, mine.hash)
  const row: GroupRow = {
    state: encodeGroup(state),
    name: body.name,
    admin: sender,
    boxSeed: mine.row.boxSeed,
    active: true,
  }
  await keepGroup(context, tx, id, row, state)
  await beginGroupBoxes(context, tx, id, row.boxSeed)
  tx.after(() => {
    context.signals.upkeep.fire()
    context.emit({ type: 'group-joined', group: id, name: body.name })
  })
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

/** One frame from a group box. */
export async function receiveGroupFrame(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  box: BoxId,
  frame: Uint8Array,
): Promise<void> {
  const row = await groupsTable.get(tx, id)
  if (row === undefined || !row.active) return
  const moved = await openAndProcess(context, tx, id, box, frame, { keepEarly: true })
  if (moved) await processEarly(context, tx, id)
}

/** After a commit, what came too early may fit. */
async function processEarly(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false
    for (const { parts, row } of await earlyFramesTable.list(tx, [id])) {
      const box = boxId(row.box)
      const outcome = await openAndProcess(context, tx, id, box, row.frame, { keepEarly: false })
      if (outcome === undefined) continue
      earlyFramesTable.delete(tx, ...parts)
      moved ||= outcome
    }
  }
}

/** True when the epoch moved on, false when not, undefined when no known epoch opens the frame. */
async function openAndProcess(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  box: BoxId,
  frame: Uint8Array,
  options: { readonly keepEarly: boolean },
): Promise<boolean | undefined> {
  const opened = await openGroupBytes(context, tx, id, box, frame)
  if (opened.kind === 'message') return processGroupMessage(context, tx, id, opened.message, frame.length)
  if (opened.kind === 'nothing') return false
  if (options.keepEarly) await keepEarlyFrame(tx, id, { box, frame })
  return undefined
}

async function keepEarlyFrame(tx: Work, id: GroupId, row: EarlyFrameRow): Promise<void> {
  const waiting = await earlyFramesTable.list(tx, [id])
  const oldest = waiting[0]
  if (waiting.length >= MAX_EARLY_FRAMES && oldest !== undefined) earlyFramesTable.delete(tx, ...oldest.parts)
  earlyFramesTable.put(tx, row, id, await nextNumber(tx, 'early'))
}

async function processGroupMessage(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  bytes: Uint8Array,
  frameBytes: number,
): Promise<boolean> {
  const { row, state } = await openGroup(context, tx, id)
  const result = await orRefuse(context, tx, 'group', () => processMessage(mlsContext(context), state, bytes))
  if (result === null || result.event.kind === 'proposal') return false
  const { event } = result
  const sender = groupMember(context, event.sender)
  if (frameBytes < STANDARD_FRAME_BYTES) thinMembersTable.put(tx, true, id, sender.device)
  if (event.kind === 'application') {
    groupsTable.put(tx, { ...row, state: encodeGroup(result.state) }, id)
    await receiveGroupContent(context, tx, id, { sender, state: result.state }, event.plaintext)
    return false
  }
  // Only the admin's commits count in this version; another's is refused by every member alike.
  if (sender.account !== row.admin) {
    tx.after(() => context.emit({ type: 'refused', where: 'group', code: 'messenger/not-admin' }))
    return false
  }
  if (event.removedSelf) await leave(context, tx, id, row)
  else {
    await keepGroup(context, tx, id, row, result.state)
    await noteGroupMail(tx, id)
  }
  const names = (list: typeof event.added): AccountId[] => [
    ...new Set(list.map((member) => groupMember(context, member).account)),
  ]
  const change = { added: names(event.added), removed: names(event.removed) }
  tx.after(() => context.emit({ type: 'group-changed', group: id, ...change }))
  return !event.removedSelf
}

async function leave(context: NodeContext, tx: Work, id: GroupId, row: GroupRow): Promise<void> {
  groupsTable.put(tx, { ...row, active: false }, id)
  await endGroupBoxes(context, tx, id, row)
  tx.after(() => context.emit({ type: 'group-left', group: id }))
}

async function receiveGroupContent(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  { sender, state }: { readonly sender: GroupMember; readonly state: GroupState },
  content: Uint8Array,
): Promise<void> {
  const message = await orRefuse(context, tx, 'group', () => decodeMessage(context.registry, content))
  if (message === null) return
  if (message.type === groupBoxContent.type && 'body' in message) {
    const from = { sender, members: membersOf(context, state) }
    return learnMemberBox(context, tx, id, from, message.body as GroupBoxBody)
  }
  // Within a session alone: in a group it would be given to all.
  if (message.type === keyPackageContent.type) return
  // What only tells of boxes is no mail: else those who have nothing to say would turn for each other's turns for ever.
  await noteGroupMail(tx, id)
  if (message.type === groupLeaveContent.type) {
    const row = await groupsTable.get(tx, id)
    if (row?.admin === context.self.accountId) await removeInTransaction(context, tx, id, [sender.account])
    return
  }
  const origin = {
    direction: 'in',
    place: { kind: 'group', group: id },
    account: sender.account,
    device: sender.device,
  } as const
  await logMessage(context, tx, origin, message)
}
