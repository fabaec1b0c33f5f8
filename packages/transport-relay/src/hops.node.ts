/** The subpath `@hyphae/transport-relay/hops`, over `ws`, for Node. */
import { callsOver, type OpenCalls } from './hops/calls.js'
import { openNodeSocket } from './socket.node.js'

export * from './hops-portable.js'

/** Calls to the relay at `url`. @throws RelayCarrierError `relay-carrier/bad-url` */
export const openCalls: OpenCalls = callsOver(openNodeSocket)
