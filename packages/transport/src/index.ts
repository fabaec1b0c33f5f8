/// <reference lib="esnext.disposable" preserve="true" />
export { backoffMs, systemRandom } from './backoff.js'
export { type DedupeOptions, dedupe } from './dedupe.js'
export { TRANSPORT_ERRORS, TransportError, type TransportErrorCode } from './errors.js'
export { type FanOutOptions, fanOut } from './fan-out.js'
export type { VerifyBlob } from './fan-out-blobs.js'
export type { NetworkFaults } from './faults.js'
export {
  createFrameQueue,
  type FrameQueue,
  type FrameQueueOptions,
  type ReceivedFrame,
} from './frame-queue.js'
export * from './limits.js'
export { type LinkDescription, type LinkHost, linkCarrier, type PlainLink } from './link-carrier.js'
export type { DirectoryChecks } from './memory-directory.js'
export type { VerifyProof } from './memory-mailbox.js'
export { type MemoryNetworkOptions, memoryNetwork, type NetworkChecks } from './memory-network.js'
export { type RouteState, type Selector, type SelectorOptions, selector } from './selector.js'
