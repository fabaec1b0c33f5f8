/**
 * What a node stands on: the nodes it meets others through, and the relays it listens at. libp2p dials them once; a node
 * that was suspended or cut off would be alone for ever. Each is tried again until it is there (spec/libp2p.md, "Relays").
 */
import type { Clock, Logger } from '@hyphae/core'
import { backoffMs } from '@hyphae/transport'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { deadline } from './deadline.js'
import { DIAL_TIMEOUT_MS, ENOUGH_PEERS, STANDING_CHECK_MS } from './limits.js'
import type { RelayPlace } from './relays.js'

export interface StandingContext {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  /** Multiaddrs with a peer id at their end. */
  readonly bootstrap: readonly string[]
  readonly relays: readonly RelayPlace[]
  readonly closed: AbortSignal
}

export function keepStanding(context: StandingContext): void {
  const { libp2p, closed, bootstrap, relays } = context
  let cut = new AbortController()
  const onClose = (): void => {
    cut.abort()
    cut = new AbortController()
  }
  libp2p.addEventListener('connection:close', onClose)
  closed.addEventListener('abort', () => libp2p.removeEventListener('connection:close', onClose), {
    once: true,
  })
  const nodes = bootstrap.map((address) => placeOf(context, address))
  for (const place of [...nodes, ...relays]) void keep(context, place, () => cut.signal)
}

/** A node to meet others through; where enough others are met already, it is not needed. */
function placeOf({ libp2p, clock, closed }: StandingContext, text: string): RelayPlace {
  const address = multiaddr(text)
  const peer = peerIdFromString(text.slice(text.lastIndexOf('/') + 1))
  return {
    stands: () => libp2p.getConnections(peer).length > 0 || libp2p.getPeers().length >= ENOUGH_PEERS,
    begin: async () => {
      const limit = deadline(clock, DIAL_TIMEOUT_MS, closed)
      try {
        await libp2p.dial(address, { signal: limit.signal })
      } finally {
        limit.done()
      }
    },
  }
}

/** Looks when a connection has ended, and now and then; waits longer after each failure. */
async function keep(
  { clock, random, logger, closed }: StandingContext,
  place: RelayPlace,
  cut: () => AbortSignal,
): Promise<void> {
  for (let failures = 0; !closed.aborted; ) {
    const stands = place.stands()
    if (stands) failures = 0
    const signal = stands ? AbortSignal.any([closed, cut()]) : closed
    const wait = stands ? STANDING_CHECK_MS : backoffMs(failures, random)
    await clock.sleep(wait, signal, true).catch(() => {})
    if (closed.aborted || place.stands()) continue
    await place.begin().catch(() => {
      failures += 1
      logger.info('libp2p: a bootstrap node or relay could not be reached', { failures })
    })
  }
}
