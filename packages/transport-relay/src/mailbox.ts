/** The Mailbox port over a relay. */
import { type BoxKey, type Delivery, type IoOptions, KEY_BYTES, type Mailbox } from '@hyphae/core'
import { createAcks } from './acks.js'
import { checkLength } from './check.js'
import type { RelayPut } from './deposits.js'
import { RelayCarrierError } from './errors.js'
import type { FeedContext } from './feed.js'
import { DEFAULT_FETCH_LIMIT } from './limits.js'
import { type WatchContext, watchBox } from './watch.js'

/** Most frames one request may ask for: a u16. */
const MAX_PAGE = 0xffff

async function fetchBox(
  { dialer, acks }: WatchContext,
  box: BoxKey,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  let after = 0
  while (deliveries.length < limit) {
    const wanted = Math.min(limit - deliveries.length, MAX_PAGE)
    const ask = { kind: 'fetch', box: box.id, after, limit: wanted } as const
    const page = await dialer.call(ask, 'deliveries', { box, repeatable: true, signal })
    if (page.deliveries.length > wanted) throw new RelayCarrierError('relay-carrier/malformed')
    for (const { cursor, frame } of page.deliveries) {
      if (cursor <= after) throw new RelayCarrierError('relay-carrier/malformed')
      after = cursor
      deliveries.push({ cursor, frame: frame.slice(), ack: () => acks.acknowledge(box, cursor) })
    }
    if (!page.more || page.deliveries.length === 0) break
  }
  return deliveries
}

export interface RelayMailbox extends Mailbox {
  /** As the port says; each frame may name how long it waits and bring a ticket. */
  put(items: readonly RelayPut[], options?: IoOptions): Promise<void>
}

/** Reads boxes by name: the relay learns which. */
export function createExactMailbox(base: FeedContext): Pick<Mailbox, 'fetch' | 'watch'> {
  const context: WatchContext = { ...base, acks: createAcks(base.dialer) }
  return {
    fetch: async (box, { limit = DEFAULT_FETCH_LIMIT, signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      return fetchBox(context, box, limit, signal)
    },
    watch: (box, { signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      return watchBox(context, box, signal)
    },
  }
}
