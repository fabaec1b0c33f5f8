/// <reference lib="esnext.disposable" preserve="true" />
export { TRANSPORT_ERRORS, TransportError, type TransportErrorCode } from './errors.js'
export type { NetworkFaults } from './faults.js'
export * from './limits.js'
export type { DirectoryChecks } from './memory-directory.js'
export type { VerifyProof } from './memory-mailbox.js'
export { type MemoryNetworkOptions, memoryNetwork, type NetworkChecks } from './memory-network.js'
