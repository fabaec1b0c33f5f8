/**
 * A new box for this device in each group where it has mail, about once a day (spec/messenger.md section 1.4). The
 * others learn of it inside the group; until then, and for those who never do, the boxes before are read on.
 */
import { encodeMessage } from '@hyphae/content'
import type { GroupId } from '@hyphae/core'
import { boxKeyAt, homeOf } from './boxes.js'
import { type NodeContext, transact, type Work } from './context.js'
import { type GroupBoxBody, groupBoxContent } from './control.js'
import { turnedTo } from './group-boxes.js'
import { type GroupTurnRow, groupsTable, groupTurnsTable } from './group-rows.js'
import { openGroup, sealToGroup } from './groups.js'
import { BOX_EPOCH_MS, MAX_OPEN_GROUP_BOXES } from './limits.js'
import { newMessage } from './message.js'
import { boxesTable } from './rows.js'

/** Turns in every group where it is time. */
export async function turnGroupBoxes(context: NodeContext): Promise<void> {
  if (context.mode === 'thin') return
  for (const { parts, row } of await groupTurnsTable.list(context.store, []))
    if (isDue(context, row)) await transact(context, (tx) => turn(context, tx, parts[0] as GroupId))
}

/** A clock that was set back shows a time before the last turn: that counts as long ago, once. */
function isDue({ clock }: NodeContext, { mail, since, open }: GroupTurnRow): boolean {
  if (!mail || open.length >= MAX_OPEN_GROUP_BOXES) return false
  const elapsed = clock.now() - since
  return elapsed < 0 || elapsed >= BOX_EPOCH_MS
}

/** The new box is open in the transaction that queues what tells of it. */
async function turn(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  const row = await groupTurnsTable.get(tx, id)
  const group = await groupsTable.get(tx, id)
  if (row === undefined || !isDue(context, row) || !group?.active) return
  const { crypto, clock, self } = context
  const key = boxKeyAt(crypto, homeOf(self.device.introBox.publicKey))
  const turned = turnedTo(row, key.publicKey, clock.now())
  boxesTable.put(tx, { kind: 'group', seed: crypto.ed25519.exportSeed(key), group: id }, key.publicKey)
  groupTurnsTable.put(tx, turned, id)
  const body: GroupBoxBody = { box: key.publicKey, number: turned.number }
  const message = newMessage(context, groupBoxContent.type, body, [])
  await sealToGroup(context, tx, id, await openGroup(context, tx, id), {
    content: encodeMessage(context.registry, message),
  })
  tx.after(() => context.signals.boxes.fire())
}
