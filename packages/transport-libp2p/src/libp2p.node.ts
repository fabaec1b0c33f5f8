/** `libp2p(options)` over what Node has. */
import { libp2pFactory } from './carrier.js'
import type { Libp2pTransportFactory } from './libp2p-carrier.js'
import { nodePlatform } from './platform.node.js'

/**
 * A carrier with links, directory and topics over libp2p.
 * @throws Libp2pError `libp2p/bad-option`, `libp2p/bad-address`
 */
export const libp2p: Libp2pTransportFactory = (options) => libp2pFactory(nodePlatform)(options)
