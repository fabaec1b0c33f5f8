/** The subpath `@hyphae/transport-relay/hops`, over the WebSocket of the runtime. */
import { callsOver, type OpenCalls } from './hops/calls.js'
import { openGlobalSocket } from './socket.js'

export * from './hops-portable.js'

/** Calls to the relay at `url`. @throws RelayCarrierError `relay-carrier/bad-url` */
export const openCalls: OpenCalls = callsOver(openGlobalSocket)
