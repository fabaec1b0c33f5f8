/** `libp2p(options)`: the node and what Hyphae does with it, put together. libp2p is loaded when it is started. */
import {
  type Carrier,
  type CarrierComponents,
  type CarrierTraits,
  type Directory,
  type Link,
  MAX_FRAME_BYTES,
  type Topic,
  type Transport,
  toHex,
} from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { checkOptions, type Libp2pOptions } from './options.js'
import type { Platform } from './platform.js'

export interface Libp2pCarrier extends Carrier {
  readonly link: Link
  readonly directory: Directory
  readonly topic: Topic
  /** What others on libp2p know this node by. */
  readonly peerId: string
  /** Device id: what `link` knows it by. */
  readonly device: string
  /** Where this node can be dialled now, each ending in /p2p/ and the peer id; relays come and go. */
  addresses(): string[]
}

export type Libp2pCarrierTransport = (components: CarrierComponents) => Promise<Libp2pCarrier>
export type Libp2pTransportFactory = (options: Libp2pOptions) => Libp2pCarrierTransport & Transport

/** Between two homes; the selector measures for itself. */
export const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 10_000_000,
  latencyMs: 50,
  reliable: true,
  ordered: true,
  metered: false,
}

export function libp2pFactory(platform: Platform): Libp2pTransportFactory {
  return (options) => {
    checkOptions(options)
    return async (components) => {
      await platform.prepare()
      const { startCarrier } = await import('./start.js')
      const crypto = options.crypto ?? defaultCrypto
      return {
        name: 'libp2p',
        traits: TRAITS,
        device: toHex(options.identity.publicKey),
        ...(await startCarrier(options, platform, crypto, components)),
      }
    }
  }
}
