/** Those who are to join a group: contacts with sessions and KeyPackages, fetched before the transaction. */
import { type AccountId, type DeviceId, type IoOptions, toHex } from '@hyphae/core'
import { type DeviceCertificate, openStockItem } from '@hyphae/identity'
import { type Contact, deviceOf, findContact } from './contacts.js'
import { directoryOf, type NodeContext, transact } from './context.js'
import { MessengerError } from './errors.js'
import { isWanted, type PreparedSessions, prepareSessions, startSession } from './handshake.js'
import { askForSpare, keepsSpares, spareOf } from './spares.js'

/** Kind of the directory's stock that holds KeyPackages. */
export const KEY_PACKAGE_STOCK = 2

export interface Joiner {
  readonly contact: Contact
  readonly prepared: PreparedSessions
  readonly keyPackages: readonly Uint8Array[]
}

export interface JoinerOptions extends IoOptions {
  /** Devices that are in the group already. */
  readonly present?: ReadonlySet<DeviceId>
}

interface Gathered extends Joiner {
  /** Those that are not in the group yet. */
  readonly devices: readonly DeviceCertificate[]
  readonly keyPackages: Uint8Array[]
}

/**
 * Those with a device that is to join.
 * @throws MessengerError `messenger/unknown-account`, `messenger/no-prekeys`, `messenger/no-key-package`
 */
export async function prepareJoiners(
  context: NodeContext,
  accounts: readonly AccountId[],
  options?: JoinerOptions,
): Promise<Joiner[]> {
  const joiners: Gathered[] = []
  for (const account of new Set(accounts)) {
    const contact = await findContact(context, account, options)
    const absent = contact.devices.filter((device) => options?.present?.has(deviceOf(device)) !== true)
    if (absent.length === 0) continue
    const prepared = await prepareSessions(context, contact, options)
    joiners.push({ contact, devices: absent, prepared, keyPackages: [] })
  }
  if (keepsSpares(context)) return withSpares(context, joiners)
  for (const { devices, keyPackages } of joiners)
    for (const device of devices) keyPackages.push(await takeKeyPackage(context, device, options))
  return joiners
}

async function takeKeyPackage(
  context: NodeContext,
  device: DeviceCertificate,
  options?: IoOptions,
): Promise<Uint8Array> {
  const stock = await directoryOf(context).take(device.directory, KEY_PACKAGE_STOCK, options)
  const item = stock && openStockItem(context.crypto, device.account, device.directory, stock.item)
  if (item === undefined || item === null) throw new MessengerError('messenger/no-prekeys')
  return item
}

/** A strict node uses what it was given in sessions. What is missing is asked for, in sessions that are begun for it. */
async function withSpares(context: NodeContext, joiners: readonly Gathered[]): Promise<Joiner[]> {
  let missing = 0
  for (const { devices, prepared, keyPackages } of joiners)
    for (const certificate of devices) {
      const spare = await spareOf(context, deviceOf(certificate))
      if (spare !== undefined) keyPackages.push(spare)
      else {
        missing += 1
        await askNow(context, certificate, prepared)
      }
    }
  if (missing > 0) throw new MessengerError('messenger/no-key-package', { details: { devices: missing } })
  return [...joiners]
}

function askNow(
  context: NodeContext,
  certificate: DeviceCertificate,
  prepared: PreparedSessions,
): Promise<void> {
  const device = deviceOf(certificate)
  return transact(context, async (tx) => {
    const bundle = prepared.get(device)
    if (bundle !== undefined && (await isWanted(context, tx, device)))
      await startSession(context, tx, certificate, bundle)
    await askForSpare(context, tx, device)
  })
}

export function keyPackageHash(context: NodeContext, keyPackage: Uint8Array): string {
  return toHex(context.crypto.sha256(keyPackage))
}
