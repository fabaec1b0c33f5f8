/** Those who are to join a group: contacts with sessions and KeyPackages, fetched before the transaction. */
import { type AccountId, type IoOptions, toHex } from '@hyphae/core'
import { openStockItem } from '@hyphae/identity'
import { type Contact, findContact } from './contacts.js'
import { directoryOf, type NodeContext } from './context.js'
import { MessengerError } from './errors.js'
import { type PreparedSessions, prepareSessions } from './handshake.js'

/** Kind of the directory's stock that holds KeyPackages. */
export const KEY_PACKAGE_STOCK = 2

export interface Joiner {
  readonly contact: Contact
  readonly prepared: PreparedSessions
  readonly keyPackages: readonly Uint8Array[]
}

/** @throws MessengerError `messenger/unknown-account`, `messenger/no-prekeys` */
export async function prepareJoiners(
  context: NodeContext,
  accounts: readonly AccountId[],
  options?: IoOptions,
): Promise<Joiner[]> {
  const joiners: Joiner[] = []
  for (const account of new Set(accounts)) {
    const contact = await findContact(context, account, options)
    const prepared = await prepareSessions(context, contact, options)
    const keyPackages: Uint8Array[] = []
    for (const device of contact.devices) {
      const stock = await directoryOf(context).take(device.directory, KEY_PACKAGE_STOCK, options)
      const item = stock && openStockItem(context.crypto, device.account, device.directory, stock.item)
      if (item === undefined || item === null) throw new MessengerError('messenger/no-prekeys')
      keyPackages.push(item)
    }
    joiners.push({ contact, prepared, keyPackages })
  }
  return joiners
}

export function keyPackageHash(context: NodeContext, keyPackage: Uint8Array): string {
  return toHex(context.crypto.sha256(keyPackage))
}
