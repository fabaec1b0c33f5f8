/** Starts the node and wires the ports to it. Loaded after the polyfills. */
import type { CarrierComponents, Directory } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { systemRandom } from '@hyphae/transport'
import { removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { announce } from './announcer.js'
import { createDialer } from './dialer.js'
import { createDirectory } from './directory.js'
import { signBinding } from './hello.js'
import { keeperStreams, provideStock } from './keepers.js'
import type { Libp2pCarrier } from './libp2p-carrier.js'
import { MAX_HANDSHAKES } from './limits.js'
import { createLink, type LinkTable } from './link.js'
import { nearnessOf } from './nearness.js'
import { type StartedNode, startNode } from './node.js'
import type { Libp2pOptions } from './options.js'
import type { Platform } from './platform.js'
import { FRAMES_PROTOCOL, STOCK_PROTOCOL } from './protocols.js'
import { readiness } from './readiness.js'
import { keepStanding } from './standing.js'
import { createStock, type StockTable } from './stock.js'
import { createTopic } from './topic.js'

type Started = Omit<Libp2pCarrier, 'name' | 'traits' | 'device'>

interface Parts extends CarrierComponents {
  readonly options: Libp2pOptions
  readonly crypto: CryptoProvider
  readonly node: StartedNode
  readonly random: () => number
  readonly closed: AbortSignal
}

export async function startCarrier(
  options: Libp2pOptions,
  platform: Platform,
  crypto: CryptoProvider,
  components: CarrierComponents,
): Promise<Started> {
  const node = await startNode(options, platform, crypto)
  const closing = new AbortController()
  const random = options.random ?? systemRandom
  try {
    return await wire({ ...components, options, crypto, node, random, closed: closing.signal }, closing)
  } catch (error) {
    closing.abort()
    await node.libp2p.stop()
    throw error
  }
}

async function wire(parts: Parts, closing: AbortController): Promise<Started> {
  const { options, crypto, node, closed } = parts
  const { libp2p } = node
  const { directory, stock } = await directoryOf(parts)
  const link = linkOf(parts, directory)
  await serve(parts, link, stock)
  const { clock, logger, random } = parts
  const { bootstrap = [] } = options
  keepStanding({ libp2p, clock, logger, random, bootstrap, relays: node.relays, closed })
  if (options.announce) startAnnouncing(parts, directory)
  const close = async (): Promise<void> => {
    closing.abort()
    link.close()
    await libp2p.stop()
  }
  return {
    link: link.link,
    directory,
    topic: createTopic({ crypto, gossip: libp2p.services.gossip, closed }),
    libp2p,
    peerId: libp2p.peerId.toString(),
    addresses: () => libp2p.getMultiaddrs().map(String),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function directoryOf(parts: Parts): Promise<{ directory: Directory; stock: StockTable }> {
  const { options, crypto, clock, logger, closed, node } = parts
  const { libp2p, store } = node
  const { dht } = libp2p.services
  const expected = [options.bootstrap, options.listen].some((list) => (list?.length ?? 0) > 0)
  const ready = readiness(dht, clock, expected || options.mdns === true)
  const keepers = { libp2p, dht, clock, logger, ready, closed }
  const stock = await createStock({
    crypto,
    clock,
    closed,
    provide: (name) => provideStock(keepers, name),
    keepers: (name, signal) => keeperStreams(keepers, name, signal),
  })
  return { directory: createDirectory({ crypto, clock, logger, dht, store, stock, ready, closed }), stock }
}

function linkOf({ options, crypto, clock, logger, random, node }: Parts, directory: Directory): LinkTable {
  const { libp2p } = node
  const { addresses, identity } = options
  const allowed = (multiaddrs: Multiaddr[]): Multiaddr[] =>
    options.reach === 'local'
      ? multiaddrs
      : removePrivateAddressesMapper({ id: libp2p.peerId, multiaddrs }).multiaddrs
  const dialer = createDialer({ libp2p, crypto, clock, logger, addresses, directory, allowed })
  const peerId = libp2p.peerId.toMultihash().bytes
  return createLink({
    crypto,
    clock,
    logger,
    random,
    peerId,
    binding: signBinding(crypto, identity, peerId),
    accept: options.accept ?? (() => true),
    named: () => (typeof options.peers === 'function' ? options.peers() : (options.peers ?? [])),
    open: dialer.open,
    met: (device, bytes) => dialer.met(device, peerIdFromMultihash(decodeDigest(bytes))),
  })
}

async function serve({ node, logger }: Parts, link: LinkTable, stock: StockTable): Promise<void> {
  const options = { runOnLimitedConnection: true, maxInboundStreams: MAX_HANDSHAKES }
  const { libp2p } = node
  await libp2p.handle(
    FRAMES_PROTOCOL,
    (stream, connection) => {
      const peerId = connection.remotePeer.toMultihash().bytes
      link.welcome({ stream, peerId, nearness: nearnessOf(connection) })
    },
    options,
  )
  await libp2p.handle(
    STOCK_PROTOCOL,
    (stream, { remotePeer }) => {
      stock.serve(stream, remotePeer.toString()).catch((error: Error) => {
        logger.info('libp2p: a question about a stock was refused')
        stream.abort(error)
      })
    },
    options,
  )
}

function startAnnouncing(
  { options, crypto, clock, logger, random, closed, node }: Parts,
  directory: Directory,
): void {
  const { libp2p } = node
  void announce({
    crypto,
    clock,
    logger,
    random,
    identity: options.identity,
    directory,
    addresses: () => libp2p.getMultiaddrs().map(String),
    onChange: (changed) => libp2p.addEventListener('self:peer:update', changed),
    closed,
  })
}
