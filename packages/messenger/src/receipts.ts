/**
 * Receipts of a node that sends in slots (spec/privacy.md section 4). They wait unsealed until a slot finds nothing else for
 * the device, and leave together in one frame: one frame each would take from messages as many slots as there are
 * messages the other way.
 */
import { encodeMessage, MAX_RECEIPT_IDS, type ReceiptBody } from '@hyphae/content'
import { type AccountId, type DeviceId, isHyphaeError, type MessageId } from '@hyphae/core'
import { type NodeContext, transact, type Work } from './context.js'
import { newMessage } from './message.js'
import { oweReceipt } from './owed.js'
import { unconfirmedTable } from './rows.js'
import { sendToDevice } from './sessions.js'
import { isCovered } from './turns.js'

export interface Confirmed {
  readonly account: AccountId
  readonly device: DeviceId
}

/** A message came and is told of: at once, or where frames leave in slots with those that come until there is one. */
export async function confirm(context: NodeContext, tx: Work, to: Confirmed, id: MessageId): Promise<void> {
  if (!context.paced || !(await isCovered(context, tx, to.device))) return seal(context, tx, to, [id])
  const ids = (await unconfirmedTable.get(tx, to.device))?.ids ?? []
  if (ids.length >= MAX_RECEIPT_IDS) await sealReceipts(context, tx, to.device)
  const waiting = ids.length >= MAX_RECEIPT_IDS ? [] : ids
  unconfirmedTable.put(tx, { account: to.account, ids: [...waiting, id] }, to.device)
}

/** Seals in one frame what waits for a device. */
export async function sealReceipts(context: NodeContext, tx: Work, device: DeviceId): Promise<void> {
  const row = await unconfirmedTable.get(tx, device)
  if (row === undefined) return
  unconfirmedTable.delete(tx, device)
  await seal(context, tx, { account: row.account as AccountId, device }, row.ids as MessageId[])
}

/** Seals what waits for devices that no slot is drawn for: they were not written to for long, or there are no slots any more. */
export async function sealOtherReceipts(
  context: NodeContext,
  tx: Work,
  drawnFor: readonly DeviceId[],
): Promise<void> {
  for (const { parts } of await unconfirmedTable.list(tx, []))
    if (!drawnFor.includes(parts[0] as DeviceId)) await sealReceipts(context, tx, parts[0] as DeviceId)
}

/** What a node left that sent in slots before it was opened without. */
export function sealAllReceipts(context: NodeContext): Promise<void> {
  return transact(context, (tx) => sealOtherReceipts(context, tx, []))
}

async function seal(context: NodeContext, tx: Work, to: Confirmed, ids: readonly MessageId[]): Promise<void> {
  const body: ReceiptBody = { kind: 'delivered', ids: [...ids] }
  const receipt = encodeMessage(context.registry, newMessage(context, 'receipt', body, []))
  try {
    await sendToDevice(context, tx, to.device, receipt)
  } catch (error) {
    if (!isHyphaeError(error, 'ratchet/no-session')) throw error
    for (const id of ids) await oweReceipt(context, tx, to, id)
  }
}
