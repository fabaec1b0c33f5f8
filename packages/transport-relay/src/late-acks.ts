/**
 * Acknowledgements that come late and by themselves, so that they say nothing of who read what when.
 * spec/relay.md section 3.3.
 */
import type { BoxKey } from '@hyphae/core'
import { toHex } from '@hyphae/core'
import { createAcks } from './acks.js'
import type { Random } from './backoff.js'
import type { FeedContext } from './feed.js'
import { MAX_ACK_DELAY_MS } from './limits.js'

/** Does not fail: what is not acknowledged is forgotten by the relay when its time has come. */
export function createLateAcks(
  { dialer, clock }: FeedContext,
  random: Random,
): (box: BoxKey, cursor: number) => void {
  const acks = createAcks(dialer)
  const waiting = new Map<string, number>()
  return (box, cursor) => {
    const name = toHex(box.id)
    const before = waiting.get(name)
    waiting.set(name, Math.max(before ?? 0, cursor))
    if (before !== undefined) return
    const send = (): Promise<void> => {
      const last = waiting.get(name) ?? cursor
      waiting.delete(name)
      return acks.acknowledge(box, last)
    }
    clock
      .sleep(random() * MAX_ACK_DELAY_MS, dialer.closed, true)
      .then(send)
      .catch(() => {})
  }
}
