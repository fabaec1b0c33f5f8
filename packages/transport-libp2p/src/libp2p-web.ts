/** `libp2p(options)` with what browsers have. */
import { libp2pFactory } from './carrier.js'
import type { Libp2pTransportFactory } from './libp2p-carrier.js'
import { webPlatform } from './platform-web.js'

/**
 * A carrier with links, directory and topics over libp2p.
 * @throws Libp2pError `libp2p/bad-option`, `libp2p/bad-address`
 */
export const libp2p: Libp2pTransportFactory = (options) => libp2pFactory(webPlatform)(options)
