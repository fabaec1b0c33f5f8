/** The Mailbox port over a relay. */
import {
  type BoxKey,
  CoreError,
  type Delivery,
  isFrameSize,
  KEY_BYTES,
  type Mailbox,
  MESSAGE_ID_BYTES,
} from '@hyphae/core'
import { createAcks } from './acks.js'
import { RelayCarrierError } from './errors.js'
import { DEFAULT_FETCH_LIMIT } from './limits.js'
import { type WatchContext, watchBox } from './watch.js'

/** Most frames one request may ask for: a u16. */
const MAX_PAGE = 0xffff

export function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length)
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { name, length: bytes.length } })
}

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

export function createMailbox(base: Omit<WatchContext, 'acks'>): Mailbox {
  const context: WatchContext = { ...base, acks: createAcks(base.dialer) }
  const { dialer } = context
  return {
    put: async (items, { signal } = {}) => {
      for (const { box, id, frame } of items) {
        checkLength(box, KEY_BYTES, 'box')
        checkLength(id, MESSAGE_ID_BYTES, 'id')
        if (!isFrameSize(frame.length))
          throw new RelayCarrierError('relay-carrier/bad-input', { details: { frameBytes: frame.length } })
      }
      if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
      const options = { repeatable: true, signal }
      await Promise.all(
        items.map(({ box, id, frame }) => dialer.call({ kind: 'put', box, id, frame }, 'ok', options)),
      )
    },
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
