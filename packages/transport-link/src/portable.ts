/** What is the same on every runtime: a platform brings its sockets. */
export { type Address, addressText, byDistance, distance, parseAddress } from './address.js'
export type { ByteEvents, ByteSocket } from './byte-socket.js'
export { type DataChannelLike, dataChannelBytes } from './data-channel.js'
export { LINK_ERRORS, LinkError } from './errors.js'
export * from './limits.js'
export {
  type Addresses,
  type LinkCarrier,
  type LinkOptions,
  type LinkTransport,
  linkFactory,
} from './link.js'
export type { Connected, Listening, Platform, PlatformComponents } from './platform.js'
