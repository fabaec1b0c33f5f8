/** The libp2p node: which parts of libp2p are used, and how they are bounded. Loaded after the polyfills. */

import type { CryptoProvider } from '@hyphae/crypto'
import { autoNAT } from '@libp2p/autonat'
import { bootstrap } from '@libp2p/bootstrap'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { dcutr } from '@libp2p/dcutr'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, PeerInfo } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Ping, ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { RECORD_NAMESPACE, recordSelector, recordValidator } from './directory-value.js'
import { Libp2pError } from './errors.js'
import {
  DHT_PARALLEL,
  DHT_PATHS,
  DHT_REPLICAS,
  DIAL_TIMEOUT_MS,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_SECOND,
  MAX_GOSSIP_BYTES,
  MAX_NEARBY_PEERS,
  MAX_PENDING_CONNECTIONS,
  MAX_TOPICS,
  STREAM_WINDOW_BYTES,
} from './limits.js'
import type { Libp2pOptions } from './options.js'
import type { Discoveries, Platform, Transports } from './platform.js'
import { DHT_PROTOCOL } from './protocols.js'
import { RecordStore } from './record-store.js'
import { createRelays, type RelayPlace } from './relays.js'

export type Services = {
  readonly dht: KadDHT
  readonly gossip: GossipSub
  readonly identify: Identify
  readonly ping: Ping
}

export interface StartedNode {
  readonly libp2p: Libp2p<Services>
  readonly store: RecordStore
  readonly relays: readonly RelayPlace[]
}

/** @throws Libp2pError `libp2p/cannot-start` */
export async function startNode(
  options: Libp2pOptions,
  platform: Platform,
  crypto: CryptoProvider,
): Promise<StartedNode> {
  const seed = options.seed ?? crypto.randomBytes(32)
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  const own = crypto.sha256(peerIdFromPrivateKey(privateKey).toMultihash().bytes)
  const store = new RecordStore((key) =>
    crypto.sha256(key).map((byte, index) => byte ^ (own[index] as number)),
  )
  const { transports, nearby } = await platform.load()
  const relays = createRelays()
  let started: Libp2p | undefined
  try {
    const libp2p: Libp2p<Services> = await createLibp2p<Services>({
      privateKey,
      datastore: store,
      addresses: { listen: [...(options.listen ?? [])] },
      transports: [...transports, relays.transport, ...((options.transports ?? []) as Transports)],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
      peerDiscovery: discoveriesOf(options, nearby, (peer) => void meet(started, peer)),
      connectionManager: {
        maxConnections: MAX_CONNECTIONS,
        maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
        inboundConnectionThreshold: MAX_CONNECTIONS_PER_SECOND,
        dialTimeout: DIAL_TIMEOUT_MS,
      },
      // Browsers refuse private addresses unless told otherwise.
      ...(options.reach === 'local' && { connectionGater: { denyDialMultiaddr: () => false } }),
      services: servicesOf(options, platform, crypto),
    })
    started = libp2p
    return { libp2p, store, relays: relays.places }
  } catch (cause) {
    throw new Libp2pError('libp2p/cannot-start', { cause })
  }
}

function discoveriesOf(
  { bootstrap: list, mdns }: Libp2pOptions,
  nearby: Discoveries,
  found: (peer: PeerInfo) => void,
): Discoveries {
  const first = list === undefined || list.length === 0 ? [] : [bootstrap({ list: [...list], timeout: 0 })]
  const heard: Discoveries = nearby.map((create) => (components) => {
    const discovery = create(components)
    discovery.addEventListener('peer', ({ detail }) => found(detail))
    return discovery
  })
  return [...first, ...(mdns ? heard : [])]
}

/** libp2p only notes whom it discovers. Those nearby are met, up to a number: somebody may name a thousand. */
async function meet(libp2p: Libp2p | undefined, { id, multiaddrs }: PeerInfo): Promise<void> {
  if (libp2p === undefined || libp2p.getPeers().length >= MAX_NEARBY_PEERS) return
  if (libp2p.getConnections(id).length > 0) return
  const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS)
  const named = multiaddrs.map((address) => address.encapsulate(`/p2p/${id}`))
  // It may be gone again, or not for us; it will be named again.
  await libp2p.dial(named, { signal }).catch(() => {})
}

function servicesOf(options: Libp2pOptions, platform: Platform, crypto: CryptoProvider) {
  const local = options.reach === 'local'
  const listens =
    platform.listens && (options.listen ?? []).some((address) => !address.includes('/p2p-circuit'))
  return {
    identify: identify(),
    ping: ping(),
    dcutr: dcutr(),
    ...(!local && { autonat: autoNAT() }),
    ...(options.relay && { relay: circuitRelayServer() }),
    gossip: gossipsub({
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      runOnLimitedConnection: true,
      maxInboundDataLength: MAX_GOSSIP_BYTES,
      decodeRpcLimits: {
        maxSubscriptions: MAX_TOPICS,
        maxMessages: 64,
        maxIhaveMessageIDs: 5000,
        maxIwantMessageIDs: 5000,
        maxIdontwantMessageIDs: 512,
        maxControlMessages: 5000,
        maxPeerInfos: 16,
      },
    }),
    dht: kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: (options.dht ?? (listens ? 'server' : 'client')) === 'client',
      // Addresses of private networks are of use where all nodes share one, and nowhere else.
      peerInfoMapper: local ? passthroughMapper : removePrivateAddressesMapper,
      kBucketSize: DHT_REPLICAS,
      alpha: DHT_PARALLEL,
      disjointPaths: DHT_PATHS,
      initialQuerySelfInterval: 0,
      validators: { [RECORD_NAMESPACE]: recordValidator(crypto) },
      selectors: { [RECORD_NAMESPACE]: recordSelector },
    }),
  }
}
