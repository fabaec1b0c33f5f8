export { type BlobsComplianceOptions, blobsCompliance } from './blobs-compliance.js'
export {
  boxKeyOf,
  type CarrierComplianceOptions,
  type CarrierSubject,
  createBoxKey,
  type OpenCarrier,
  randomPut,
} from './carrier-subject.js'
export type { ComplianceCase } from './compliance.js'
export { directoryCompliance } from './directory-compliance.js'
export type { DirectoryComplianceOptions, RecordStatement, StockStatement } from './directory-subject.js'
export { TESTKIT_ERRORS, TestkitError, type TestkitErrorCode } from './errors.js'
export { countingStore, failingStore, type StoreCounts } from './failing-store.js'
export * from './limits.js'
export { mailboxCompliance } from './mailbox-compliance.js'
export type { MailboxComplianceOptions } from './mailbox-subject.js'
export { type SeededRandom, unsafeSeededRandom } from './seeded-random.js'
export { storeCompliance } from './store-compliance.js'
export type { StoreSubject } from './store-subject.js'
export { type VirtualClock, virtualClock } from './virtual-clock.js'
