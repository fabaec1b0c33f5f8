/** What is the same on every runtime. */
export type { Random } from './backoff.js'
export type { RelayCarrierOptions, RelayFactory } from './carrier.js'
export { RELAY_CARRIER_ERRORS, RelayCarrierError } from './errors.js'
export type { WebSocketConstructor, WebSocketLike } from './socket.js'
