/** How the sessions with an account are: what protects the next message, and how well it has healed. */
import type { AccountId, DeviceId } from '@hyphae/core'
import { type SessionHealth, sessionHealth } from '@hyphae/ratchet'
import { deviceOf, knownContact } from './contacts.js'
import type { NodeContext } from './context.js'

export interface DeviceHealth extends SessionHealth {
  readonly device: DeviceId
  /** The device has answered in this session. Until then what is sent rests on its prekeys. */
  readonly confirmed: boolean
}

/** Of the session that sends to each known device of the account; a device without one is left out. */
export async function healthOf(context: NodeContext, account: AccountId): Promise<DeviceHealth[]> {
  const contact = await knownContact(context, context.store, account)
  const all: DeviceHealth[] = []
  for (const certificate of contact?.devices ?? []) {
    const device = deviceOf(certificate)
    const sending = (await context.sessions.list(context.store, device)).find((one) => one.sends)
    if (sending === undefined) continue
    all.push({ device, confirmed: sending.confirmed, ...sessionHealth(sending.session) })
  }
  return all
}
