/** `libp2p(options)`: the node and what Hyphae does with it, put together. libp2p is loaded when it is started. */
import { type CarrierTraits, MAX_FRAME_BYTES, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import type { Libp2pTransportFactory } from './libp2p-carrier.js'
import { checkOptions } from './options.js'
import type { Platform } from './platform.js'

/** Between two homes; the selector measures for itself. */
const TRAITS: CarrierTraits = {
  mtu: MAX_FRAME_BYTES,
  bandwidthBps: 10_000_000,
  latencyMs: 50,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'direct',
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
