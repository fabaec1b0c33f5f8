/// <reference lib="esnext.disposable" preserve="true" />
import { type RelayFactory, relayFactory } from './relay.js'
import { openGlobalSocket } from './socket.js'

export type { Random } from './backoff.js'
export { RELAY_CARRIER_ERRORS, RelayCarrierError } from './errors.js'
export type { RelayCarrierOptions, RelayFactory } from './relay.js'
export type { WebSocketConstructor, WebSocketLike } from './socket.js'

/**
 * A carrier that speaks to the relay at `url` (`ws:` or `wss:`); it connects when it is first used.
 * @throws RelayCarrierError `relay-carrier/bad-url`
 */
export const relay: RelayFactory = relayFactory(openGlobalSocket)
