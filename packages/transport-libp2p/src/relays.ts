/**
 * The transport over relays, with listeners that can begin again (spec/libp2p.md, "Relays"). A listener of libp2p asks its
 * relay for room once: when the connection is cut or the relay restarts, it stands there with no address and does nothing.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Listener } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Transports } from './platform.js'

/** A relay that this node has been told to listen at. */
export interface RelayPlace {
  /** Whether the relay keeps room for this node. */
  stands(): boolean
  /** Asks for it again. Rejects when the relay cannot be reached or refuses. */
  begin(): Promise<void>
}

export interface Relays {
  readonly transport: Transports[number]
  /** In the order libp2p began to listen at them. */
  readonly places: RelayPlace[]
}

export function createRelays(): Relays {
  const places: RelayPlace[] = []
  return {
    places,
    transport: (components) => {
      const transport = circuitRelayTransport()(components as never)
      const create = transport.createListener.bind(transport)
      transport.createListener = (options) => remembered(create(options), places)
      return transport
    },
  }
}

function remembered(listener: Listener, places: RelayPlace[]): Listener {
  const listen = listener.listen.bind(listener)
  listener.listen = async (address: Multiaddr) => {
    // Without a relay's own address libp2p looks for relays, and goes on looking.
    if (address.toString() === '/p2p-circuit') return listen(address)
    places.push({ stands: () => listener.getAddrs().length > 0, begin: () => listen(address) })
    // A relay that is away must not keep the node from starting: it is asked again.
    await listen(address).catch(() => {})
  }
  return listener
}
