/** Which nodes keep a stock: provider records of the DHT. They say who may be asked, and prove nothing. */
import type { Clock, Logger } from '@hyphae/core'
import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { deadline } from './deadline.js'
import { LOOKUP_TIMEOUT_MS, MAX_KEEPERS, STOCK_TIMEOUT_MS } from './limits.js'
import { STOCK_PROTOCOL } from './protocols.js'

const RAW = 0x55
const SHA2_256 = 0x12

export interface KeepersContext {
  readonly libp2p: Libp2p
  readonly dht: KadDHT
  readonly clock: Clock
  readonly logger: Logger
  readonly ready: (signal: AbortSignal) => Promise<void>
  readonly closed: AbortSignal
}

/** `stock` has 32 bytes. */
function stockCid(stock: Uint8Array): CID {
  return CID.createV1(RAW, createDigest(SHA2_256, stock))
}

/** Says that this node keeps the stock; kad-dht says it again before others forget. Failing is no error: the next upload says it. */
export async function provideStock(context: KeepersContext, stock: Uint8Array): Promise<void> {
  const { dht, clock, logger, closed } = context
  const limit = deadline(clock, LOOKUP_TIMEOUT_MS, closed)
  try {
    await context.ready(limit.signal)
    for await (const _ of dht.provide(stockCid(stock), { signal: limit.signal }));
  } catch {
    logger.info('libp2p: where a stock is kept could not be told')
  } finally {
    limit.done()
  }
}

/** A stream with each node that says it keeps the stock and can be reached. @throws Libp2pError `libp2p/unreachable` without a DHT to ask */
export async function* keeperStreams(
  context: KeepersContext,
  stock: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Stream, void, undefined> {
  await context.ready(signal)
  const seen = new Set<string>()
  try {
    for await (const event of context.dht.findProviders(stockCid(stock), { signal })) {
      const providers = event.name === 'PROVIDER' ? event.providers : []
      for (const { id, multiaddrs } of providers) {
        if (id.equals(context.libp2p.peerId) || seen.has(id.toString())) continue
        if (seen.size >= MAX_KEEPERS) return
        seen.add(id.toString())
        const stream = await reach(context, id, multiaddrs, signal)
        if (stream !== undefined) yield stream
      }
    }
  } catch {
    // The time is over, or a node misbehaved: who was found was found.
  }
}

async function reach(
  { libp2p, clock }: KeepersContext,
  id: PeerId,
  multiaddrs: Awaited<ReturnType<Libp2p['peerStore']['get']>>['addresses'][number]['multiaddr'][],
  signal: AbortSignal,
): Promise<Stream | undefined> {
  const limit = deadline(clock, STOCK_TIMEOUT_MS, signal)
  try {
    if (multiaddrs.length > 0) await libp2p.peerStore.merge(id, { multiaddrs })
    const options = { signal: limit.signal, runOnLimitedConnection: true }
    return await libp2p.dialProtocol(id, STOCK_PROTOCOL, options)
  } catch {
    return undefined
  } finally {
    limit.done()
  }
}
