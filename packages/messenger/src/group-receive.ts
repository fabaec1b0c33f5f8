/** Group frames that arrive: opened, given to the group's log, and kept where no known epoch opens them yet. */
import { type BoxId, boxId, type GroupId } from '@hyphae/core'
import type { EpochNode, OrderEvent } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { groupMember } from './credential.js'
import { openGroupBytes } from './group-frames.js'
import { type OpenGroup, readGroup } from './group-log.js'
import { type EarlyFrameRow, earlyFramesTable, thinMembersTable } from './group-rows.js'
import { stepGroup } from './group-step.js'
import { MAX_EARLY_FRAMES, STANDARD_FRAME_BYTES } from './limits.js'
import { nextNumber } from './table.js'

/** One frame from a group box. */
export async function receiveGroupFrame(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  box: BoxId,
  frame: Uint8Array,
): Promise<void> {
  const opened = await readGroup(context, tx, id)
  if (opened === undefined) return
  const moved = await openAndStep(context, tx, id, opened, box, frame)
  if (moved === undefined) await keepEarlyFrame(tx, id, { box, frame })
  else if (moved) await openEarly(context, tx, id)
}

/** Where there are new epochs, what came too early may be opened by their keys. */
export async function openEarly(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false
    for (const { parts, row } of await earlyFramesTable.list(tx, [id])) {
      const opened = await readGroup(context, tx, id)
      if (opened === undefined) return
      const outcome = await openAndStep(context, tx, id, opened, boxId(row.box), row.frame)
      if (outcome === undefined) continue
      earlyFramesTable.delete(tx, ...parts)
      moved ||= outcome
    }
  }
}

/** True when there are new epochs, false when not, undefined when no known epoch opens the frame. */
async function openAndStep(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  opened: OpenGroup,
  box: BoxId,
  frame: Uint8Array,
): Promise<boolean | undefined> {
  const bytes = await openGroupBytes(context, tx, id, box, frame)
  if (bytes.kind === 'unknown-epoch') return undefined
  if (bytes.kind === 'nothing') return false
  const input = { kind: 'envelope', envelope: bytes.message } as const
  const { opened: after, events } = await stepGroup(context, tx, id, opened, input)
  const fresh = [...after.log.nodes.values()].filter(({ tag }) => !opened.log.nodes.has(tag))
  if (frame.length < STANDARD_FRAME_BYTES) noteThinMember(tx, id, events, fresh)
  return fresh.length > 0
}

/** Its sender counts bytes. Where more than one thing was read, it is not said which was in the frame. */
function noteThinMember(
  tx: Work,
  id: GroupId,
  events: readonly OrderEvent[],
  fresh: readonly EpochNode[],
): void {
  const senders = events.flatMap((event) => (event.kind === 'message' ? [event.sender] : []))
  const committers = fresh.flatMap(({ link }) => (link === null || link.own ? [] : [link.committer]))
  const [member, ...others] = [...senders, ...committers]
  if (member !== undefined && others.length === 0)
    thinMembersTable.put(tx, true, id, groupMember(member).device)
}

async function keepEarlyFrame(tx: Work, id: GroupId, row: EarlyFrameRow): Promise<void> {
  const waiting = await earlyFramesTable.list(tx, [id])
  const oldest = waiting[0]
  if (waiting.length >= MAX_EARLY_FRAMES && oldest !== undefined) earlyFramesTable.delete(tx, ...oldest.parts)
  earlyFramesTable.put(tx, row, id, await nextNumber(tx, 'early'))
}
