/**
 * Sealing again what may be lost (spec/messenger.md section 2).
 *
 * A session that settles shows that the peer has left the one before: its store may be gone, and with it the keys of
 * whatever was sealed there. So what it has not confirmed is sealed again in the new session, also what was meant
 * for a device that the account has no more. The recipient tells repeats by message id.
 */
import type { AccountId, DeviceId } from '@hyphae/core'
import { deviceOf, knownContact } from './contacts.js'
import type { NodeContext, Work } from './context.js'
import { MAX_RESENT } from './limits.js'
import { logTable, type SealedFor, undeliveredTable } from './rows.js'
import { sendToDevice } from './sessions.js'

export interface Settled extends SealedFor {
  readonly account: AccountId
  /** The device is new here: it has nothing yet of what no other has confirmed. */
  readonly firstContact: boolean
}

/** Seals what the device may have lost in the session that it has just been heard in, oldest first. */
export async function resendUndelivered(
  context: NodeContext,
  tx: Work,
  { account, device, session, firstContact }: Settled,
): Promise<void> {
  const waiting = await undeliveredTable.list(tx, [account])
  if (waiting.length === 0) return
  const contact = await knownContact(context, tx, account)
  const present = new Set<string>(contact?.devices.map(deviceOf))
  const isHere = (one: SealedFor): boolean => one.device === device && one.session === session
  const isElsewhere = (one: SealedFor): boolean => one.device !== device && present.has(one.device)
  let resent = 0
  for (const { parts, row } of waiting) {
    const elsewhere = row.devices.filter(isElsewhere)
    const lost = firstContact || elsewhere.length < row.devices.length
    if (!lost || row.devices.some(isHere)) continue
    if (resent++ === MAX_RESENT) return
    const content =
      row.content.length > 0 ? row.content : (await logTable.get(tx, parts[1] as number))?.content
    if (content === undefined) continue
    // Not counted as pending: the message was stored before, and does not become less than that.
    await sendToDevice(context, tx, device as DeviceId, content)
    undeliveredTable.put(tx, { ...row, devices: [...elsewhere, { device, session }] }, ...parts)
  }
}
