/**
 * Messages that a device has not confirmed, and what is done when they may be lost (spec/messenger.md section 2).
 *
 * A session that settles shows that the peer has left the one before: its store may be gone, and with it the keys of
 * whatever was sealed there. So what it has not confirmed is sealed again in the new session. The recipient tells
 * repeats by message id.
 */
import type { DeviceId, MessageId } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import { MAX_RESENT } from './limits.js'
import { logTable, undeliveredTable } from './rows.js'
import { sendToDevice } from './sessions.js'

/** A message with its place in the log. */
export interface LoggedId {
  readonly id: MessageId
  readonly number: number
}

/** Seals what the device has not confirmed, and was not sealed in its sending session, anew: oldest first. */
export async function resendUndelivered(
  context: NodeContext,
  tx: Work,
  device: DeviceId,
  current: string,
): Promise<void> {
  const waiting = await undeliveredTable.list(tx, [device], { limit: MAX_RESENT })
  for (const { parts, row: session } of waiting) {
    if (session === current) continue
    const logged = await logTable.get(tx, parts[1] as number)
    if (logged === undefined) {
      undeliveredTable.delete(tx, ...parts)
      continue
    }
    // Not counted as pending: the message was stored before, and does not become less than that.
    const sealed = await sendToDevice(context, tx, device, logged.content)
    undeliveredTable.put(tx, sealed.session, ...parts)
  }
}
