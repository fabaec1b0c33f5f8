/** Two hops, the same on every runtime. */
export type { CallsOptions, OpenCalls, RelayCalls } from './hops/calls.js'
export {
  HOP_ANSWER_OVERHEAD,
  type HopAnswerPlain,
  type HopExchange,
  type HopRequestPlain,
  type OpenedHop,
  openHopAnswer,
  openHopRequest,
  sealHopAnswer,
  sealHopRequest,
  startHop,
} from './hops/envelope.js'
export { type ThroughOptions, throughRelay } from './hops/hop-dialer.js'
export { hopKey } from './hops/keys.js'
