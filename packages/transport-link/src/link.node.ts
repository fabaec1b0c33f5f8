/** `link(options)` over the sockets of Node. */
import { type LinkOptions, type LinkTransport, linkFactory } from './link.js'
import { nodePlatform } from './platform.node.js'

/**
 * A carrier with direct links over Unix sockets, TCP, UDP, WebSockets and radio modems at serial ports.
 * @throws LinkError `link/bad-address`, at once for an address that is none, later for one that cannot be listened at
 */
export const link: (options: LinkOptions) => LinkTransport = (options) => linkFactory(nodePlatform)(options)
