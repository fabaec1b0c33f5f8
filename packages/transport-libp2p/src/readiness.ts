/** Whether there is anybody to ask: a look-up in an empty table would wait until its time is over. */
import type { Clock } from '@hyphae/core'
import type { KadDHT } from '@libp2p/kad-dht'
import { Libp2pError } from './errors.js'
import { FIRST_PEER_WAIT_MS, PEER_CHECK_MS } from './limits.js'

/** kad-dht has a routing table; its interface for one or several does not say so. */
interface WithTable {
  readonly routingTable?: { readonly size: number }
}

/**
 * Waits for the first node of the DHT, for a while after the start; later there is one or there is none. Not at all where
 * nobody is expected.
 */
export function readiness(
  dht: KadDHT,
  clock: Clock,
  expected: boolean,
): (signal: AbortSignal) => Promise<void> {
  const until = expected ? clock.now() + FIRST_PEER_WAIT_MS : 0
  const table = (dht as WithTable).routingTable
  return async (signal) => {
    while (table !== undefined && table.size === 0) {
      if (signal.aborted || clock.now() >= until) throw new Libp2pError('libp2p/unreachable')
      await clock.sleep(PEER_CHECK_MS, signal).catch(() => {})
    }
  }
}
