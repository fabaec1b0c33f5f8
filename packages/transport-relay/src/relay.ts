/** `relay(url)` over the WebSocket of the runtime. */
import { type RelayFactory, relayFactory } from './carrier.js'
import { checkGlobalSocket, openGlobalSocket } from './socket.js'

const fromGlobal = relayFactory(openGlobalSocket)

/**
 * A carrier that speaks to the relay at `url` (`ws:` or `wss:`); it connects when it is first used.
 * @throws RelayCarrierError `relay-carrier/bad-url`, `relay-carrier/no-websocket`
 */
export const relay: RelayFactory = (url, options) => {
  if (options?.WebSocket === undefined) checkGlobalSocket()
  return fromGlobal(url, options)
}
