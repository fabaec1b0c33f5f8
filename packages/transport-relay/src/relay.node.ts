/** `relay(url)` over `ws`, for Node. */
import { type RelayFactory, relayFactory } from './carrier.js'
import { openNodeSocket } from './socket.node.js'

/**
 * A carrier that speaks to the relay at `url` (`ws:` or `wss:`); it connects when it is first used.
 * @throws RelayCarrierError `relay-carrier/bad-url`
 */
export const relay: RelayFactory = relayFactory(openNodeSocket)
