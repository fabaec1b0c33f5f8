/**
 * One watch with its copies taken out: for a carrier that keeps no ids, or sees the same frame by two ways.
 * A copy is acknowledged with the first, never before it.
 */
import { type Delivery, type Logger, silentLogger } from '@hyphae/core'
import { createAckLedger } from './ack-ledger.js'
import { MAX_DEDUPE_BYTES } from './limits.js'

export interface DedupeOptions {
  readonly logger?: Logger
  /** Bytes of frames to remember. */
  readonly maxBytes?: number
}

export async function* dedupe(
  deliveries: AsyncIterable<Delivery>,
  { logger = silentLogger, maxBytes = MAX_DEDUPE_BYTES }: DedupeOptions = {},
): AsyncGenerator<Delivery, void, undefined> {
  let count = 0
  const ledger = createAckLedger({
    sources: 1,
    maxBytes,
    nextIndex: () => {
      count += 1
      return count
    },
    onFailure: () => logger.warn('the carrier refused an acknowledgement'),
  })
  for await (const delivery of deliveries) {
    const index = ledger.arrive(0, delivery)
    if (index !== undefined)
      yield { frame: delivery.frame, cursor: index, ack: () => ledger.acknowledge(index) }
  }
}
