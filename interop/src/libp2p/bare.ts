/** js-libp2p as its users set it up: it is told the name of our DHT and namespace, and has a validator of its own. */
import './with-resolvers.js'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'

export type Services = {
  readonly identify: Identify
  readonly ping: Ping
  readonly gossip: GossipSub
  readonly dht: KadDHT
}

/** `validate` throws for a value that is none of the key's. */
export function bareNode(validate: (key: Uint8Array, value: Uint8Array) => void): Promise<Libp2p<Services>> {
  return createLibp2p<Services>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true }),
      dht: kadDHT({
        protocol: '/hyphae/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators: { hyphae: async (key, value) => validate(key, value) },
        selectors: { hyphae: () => 0 },
      }),
    },
  })
}
