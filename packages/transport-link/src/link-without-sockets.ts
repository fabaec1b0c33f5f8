/** `link(options)` where the runtime has no sockets, as in browsers: says so. */
import { LinkError } from './errors.js'
import type { LinkOptions, LinkTransport } from './link.js'

/**
 * A carrier with direct links over Unix sockets and TCP, on Node.
 * @throws LinkError `link/bad-address`, at once for an address that is none, later for one that cannot be listened at;
 * `link/no-sockets` on runtimes without sockets
 */
export const link: (options: LinkOptions) => LinkTransport = () => {
  throw new LinkError('link/no-sockets')
}
