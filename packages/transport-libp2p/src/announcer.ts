/** Tells the directory where this device is, and again whenever that changes. */
import type { Clock, Directory, Logger } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { backoffMs } from '@hyphae/transport'
import { signAnnouncement } from './announcement.js'
import { ANNOUNCE_AFTER_MS, MAX_ANNOUNCED_ADDRESSES } from './limits.js'

export interface AnnouncerContext {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly identity: Ed25519PrivateKey
  readonly directory: Pick<Directory, 'publish'>
  readonly addresses: () => readonly string[]
  /** Calls back whenever addresses may have changed. */
  readonly onChange: (changed: () => void) => void
  readonly closed: AbortSignal
}

/** Until `closed` fires. */
export async function announce(context: AnnouncerContext): Promise<void> {
  const { clock, closed } = context
  let wake = (): void => {}
  let changed = true
  context.onChange(() => {
    changed = true
    wake()
  })
  closed.addEventListener('abort', () => wake(), { once: true })
  let last = ''
  let failures = 0
  while (!closed.aborted) {
    if (!changed)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    changed = false
    await clock.sleep(ANNOUNCE_AFTER_MS, closed, true).catch(() => {})
    const addresses = context.addresses().slice(0, MAX_ANNOUNCED_ADDRESSES)
    if (closed.aborted || addresses.length === 0 || addresses.join() === last) continue
    if (await tell(context, addresses)) {
      last = addresses.join()
      failures = 0
    } else {
      changed = true
      await clock.sleep(backoffMs(failures, context.random), closed, true).catch(() => {})
      failures += 1
    }
  }
}

async function tell(
  { crypto, clock, identity, directory, logger, closed }: AnnouncerContext,
  addresses: readonly string[],
): Promise<boolean> {
  const record = signAnnouncement(crypto, identity, { time: clock.now(), addresses })
  try {
    await directory.publish(record, { signal: closed })
    return true
  } catch {
    logger.info('libp2p: where this device is could not be announced')
    return false
  }
}
