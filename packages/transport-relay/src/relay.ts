/** `relay(url)` over the WebSocket of the runtime. */
import { type RelayFactory, relayFactory } from './carrier.js'
import { openGlobalSocket } from './socket.js'

/**
 * A carrier that speaks to the relay at `url` (`ws:` or `wss:`); it connects when it is first used.
 * @throws RelayCarrierError `relay-carrier/bad-url`
 */
export const relay: RelayFactory = relayFactory(openGlobalSocket)
