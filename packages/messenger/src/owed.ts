/**
 * Sessions that this node begins though it has nothing to send: with devices that still write to sessions which only
 * receive here, after an old copy of the store came back (spec/messenger.md section 4). Silence would tell them too,
 * but later.
 */
import { encodeMessage } from '@hyphae/content'
import type { AccountId, DeviceId, MessageId } from '@hyphae/core'
import { type Contact, deviceOf, knownContact } from './contacts.js'
import { type NodeContext, transact, type Work } from './context.js'
import { isWanted, prepareSessions, startSession } from './handshake.js'
import { MAX_OWED } from './limits.js'
import { newMessage } from './message.js'
import { codeOf } from './outbox.js'
import { type OwedRow, owedTable } from './rows.js'
import { sendToDevice } from './sessions.js'

/** A message came that cannot be confirmed: it will be in the next session with the device. */
export async function oweReceipt(
  context: NodeContext,
  tx: Work,
  from: { readonly account: AccountId; readonly device: DeviceId },
  id: MessageId,
): Promise<void> {
  const ids = (await owedTable.get(tx, from.device))?.ids ?? []
  if (ids.length >= MAX_OWED || ids.includes(id)) return
  owedTable.put(tx, { account: from.account, ids: [...ids, id] }, from.device)
  tx.after(() => context.signals.upkeep.fire())
}

/** Begins the sessions that are owed. One that cannot be begun now is tried again at the next upkeep. */
export async function beginOwed(context: NodeContext): Promise<void> {
  for (const { parts, row } of await owedTable.list(context.store, [])) {
    const device = parts[0] as DeviceId
    try {
      await beginOne(context, device, row)
    } catch (error) {
      context.closing.throwIfAborted()
      context.logger.warn('upkeep: an owed session was not begun', { code: codeOf(error) })
    }
  }
}

async function beginOne(context: NodeContext, device: DeviceId, { account }: OwedRow): Promise<void> {
  const contact = await deviceContact(context, account as AccountId, device)
  const prepared = await prepareSessions(context, contact, { signal: context.closing })
  await transact(context, async (tx) => {
    const owed = await owedTable.get(tx, device)
    if (owed === undefined) return
    owedTable.delete(tx, device)
    for (const certificate of contact.devices) {
      const bundle = prepared.get(device)
      if (bundle !== undefined && (await isWanted(context, tx, device)))
        await startSession(context, tx, certificate, bundle)
      if (owed.ids.length === 0) continue
      const receipt = newMessage(context, 'receipt', { kind: 'delivered', ids: owed.ids }, [])
      await sendToDevice(context, tx, device, encodeMessage(context.registry, receipt))
    }
  })
}

/** The contact with this device alone; without devices when it is known no more. */
async function deviceContact(context: NodeContext, account: AccountId, device: DeviceId): Promise<Contact> {
  const contact = await knownContact(context, context.store, account)
  const devices = contact?.devices.filter((certificate) => deviceOf(certificate) === device) ?? []
  return { id: account, devices }
}
