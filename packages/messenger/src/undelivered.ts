/** Messages that not every device they were sealed for has confirmed. */
import type { AccountId, DeviceId, MessageId } from '@hyphae/core'
import type { Work } from './context.js'
import { undeliveredTable } from './rows.js'

/** A message with its place in the log. */
export interface LoggedId {
  readonly id: MessageId
  readonly number: number
}

/** The device has confirmed the message, and is waited for no more. */
export async function confirmDelivered(
  tx: Work,
  account: AccountId,
  device: DeviceId,
  number: number,
): Promise<void> {
  const waiting = (await undeliveredTable.get(tx, account, number))?.filter((one) => one.device !== device)
  if (waiting === undefined) return
  if (waiting.length === 0) undeliveredTable.delete(tx, account, number)
  else undeliveredTable.put(tx, waiting, account, number)
}
