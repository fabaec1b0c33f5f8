import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { polyfillPromise } from '../../src/polyfill.js'
import type { Node } from './nodes.js'
import { pause } from './nodes.js'

/** A relay that knows nothing of Hyphae, and carries a connection for so long and no longer. */
export async function impatientRelay(durationMs: number): Promise<Libp2p> {
  polyfillPromise()
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      relay: circuitRelayServer({ reservations: { defaultDurationLimit: durationMs } }),
    },
  })
}

/** Where a node can be reached through its relay, once the relay has made room for it. */
export async function circuitOf(one: Pick<Node, 'addresses'>): Promise<string[]> {
  for (let tries = 0; tries < 200; tries++) {
    const places = one.addresses().filter((address) => address.includes('/p2p-circuit'))
    if (places.length > 0) return places
    await pause(25)
  }
  throw new Error('the relay has made no room')
}
