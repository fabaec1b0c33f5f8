/**
 * Boxes that were replaced, closed when nothing can be in them any more (spec/messenger.md section 1.3): after a while
 * by this node's clock, and never before they were found empty. So a clock that jumped closes nothing that has mail.
 */
import { type BoxId, type BoxKey, equalBytes } from '@hyphae/core'
import { boxKeyOf } from './boxes.js'
import { type NodeContext, transact, type Work } from './context.js'
import { groupTurnsTable } from './group-rows.js'
import { BOX_CLOSE_AFTER_MS, INTRO_CLOSE_AFTER_MS } from './limits.js'
import { boxesTable, type OpenBox, turnsTable } from './rows.js'

/** Whether nothing waits in a box, as far as its carriers can tell now. */
export type IsEmpty = (box: BoxKey) => Promise<boolean>

/** Closes what was replaced long ago and is empty. */
export async function closeOldBoxes(context: NodeContext, isEmpty: IsEmpty): Promise<void> {
  await closeSessionBoxes(context, isEmpty)
  await closeIntroBoxes(context, isEmpty)
  await closeGroupBoxes(context, isEmpty)
}

async function closeSessionBoxes(context: NodeContext, isEmpty: IsEmpty): Promise<void> {
  for (const { parts, row } of await turnsTable.list(context.store, []))
    for (const one of row.open) {
      if (!isOver(context, one.replacedAt, BOX_CLOSE_AFTER_MS)) continue
      if (!(await isBoxEmpty(context, one.box, isEmpty))) continue
      await transact(context, async (tx) => {
        const now = await turnsTable.get(tx, ...parts)
        if (now === undefined) return
        const stays = ({ epoch }: OpenBox): boolean => epoch !== one.epoch
        turnsTable.put(tx, { ...now, open: now.open.filter(stays) }, ...parts)
        close(context, tx, one.box)
      })
    }
}

async function closeIntroBoxes(context: NodeContext, isEmpty: IsEmpty): Promise<void> {
  for (const { parts, row } of await boxesTable.list(context.store, [])) {
    if (row.kind !== 'intro' || !isOver(context, row.replacedAt, INTRO_CLOSE_AFTER_MS)) continue
    const box = parts[0] as BoxId
    if (await isBoxEmpty(context, box, isEmpty))
      await transact(context, async (tx) => close(context, tx, box))
  }
}

/** The box of a credential is never among these: it is read as long as the group. */
async function closeGroupBoxes(context: NodeContext, isEmpty: IsEmpty): Promise<void> {
  for (const { parts, row } of await groupTurnsTable.list(context.store, []))
    for (const { box, replacedAt } of row.open) {
      if (!isOver(context, replacedAt, INTRO_CLOSE_AFTER_MS)) continue
      if (!(await isBoxEmpty(context, box, isEmpty))) continue
      await transact(context, async (tx) => {
        const now = await groupTurnsTable.get(tx, ...parts)
        if (now === undefined) return
        groupTurnsTable.put(
          tx,
          { ...now, open: now.open.filter((one) => !equalBytes(one.box, box)) },
          ...parts,
        )
        close(context, tx, box)
      })
    }
}

async function isBoxEmpty(context: NodeContext, box: Uint8Array, isEmpty: IsEmpty): Promise<boolean> {
  const row = await boxesTable.get(context.store, box)
  return row === undefined || isEmpty(boxKeyOf(context.crypto, row.seed))
}

function close(context: NodeContext, tx: Work, box: Uint8Array): void {
  boxesTable.delete(tx, box)
  tx.after(() => context.signals.boxes.fire())
}

/** A clock that was set back since then has to come round again. */
function isOver({ clock }: NodeContext, replacedAt: number, afterMs: number): boolean {
  return replacedAt !== 0 && clock.now() - replacedAt >= afterMs
}
