/** `link(options)` where the runtime has no sockets of its own, as in browsers. */
import { type LinkOptions, type LinkTransport, linkFactory } from './link.js'
import { webPlatform } from './web-platform.js'

/**
 * A carrier with direct links: over WebSockets that are dialled, and over what is attached to it, such as data channels.
 * @throws LinkError `link/bad-address` at once for an address that is none, later for one that cannot be listened at;
 * `link/no-sockets` later where this runtime cannot listen
 */
export const link: (options: LinkOptions) => LinkTransport = (options) => linkFactory(webPlatform)(options)
