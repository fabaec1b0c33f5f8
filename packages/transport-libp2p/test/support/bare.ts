/** A libp2p node that knows nothing of Hyphae but the names of its protocols: a stranger, or a liar. */
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { type KadDHT, type KadDHTInit, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { DHT_PROTOCOL } from '../../src/index.node.js'
import { polyfillPromise } from '../../src/polyfill.js'
import { polyfillWebSocket } from '../../src/polyfill.node.js'

export type BareServices = {
  readonly identify: Identify
  readonly ping: Ping
  readonly gossip: GossipSub
  readonly dht: KadDHT
}

export interface BareNode {
  readonly libp2p: Libp2p<BareServices>
  connect(address: string): Promise<void>
  dialProtocol(address: string, protocol: string): Promise<Stream>
  publish(topic: string, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

export async function bareNode(dht: Partial<KadDHTInit> = {}): Promise<BareNode> {
  polyfillPromise()
  polyfillWebSocket()
  const libp2p: Libp2p<BareServices> = await createLibp2p<BareServices>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true }),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        initialQuerySelfInterval: 0,
        ...dht,
      }),
    },
  })
  const connect = async (address: string): Promise<void> => {
    await libp2p.dial(multiaddr(address))
  }
  return {
    libp2p,
    connect,
    dialProtocol: (address, protocol) => libp2p.dialProtocol(multiaddr(address), protocol),
    publish: async (topic, bytes) => {
      await libp2p.services.gossip.publish(topic, bytes)
    },
    close: async () => {
      await libp2p.stop()
    },
  }
}
