/** Messages that not every device they were sealed for has confirmed. */
import type { AccountId, DeviceId, MessageId } from '@hyphae/core'
import type { Work } from './context.js'
import { undeliveredTable } from './rows.js'

/** A message that devices shall confirm. */
export interface Awaited {
  readonly id: MessageId
  /** Its place in the log, or for what is not logged a number of its own. */
  readonly number: number
  readonly logged: boolean
}

/** The device has confirmed the message, and is waited for no more. */
export async function confirmDelivered(
  tx: Work,
  account: AccountId,
  device: DeviceId,
  number: number,
): Promise<void> {
  const row = await undeliveredTable.get(tx, account, number)
  if (row === undefined) return
  const devices = row.devices.filter((one) => one.device !== device)
  if (devices.length === 0) undeliveredTable.delete(tx, account, number)
  else undeliveredTable.put(tx, { ...row, devices }, account, number)
}
