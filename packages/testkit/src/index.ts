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
export {
  type DirectoryComplianceOptions,
  directoryCompliance,
  type RecordStatement,
  type StockStatement,
} from './directory-compliance.js'
export { TESTKIT_ERRORS, TestkitError, type TestkitErrorCode } from './errors.js'
export { countingStore, failingStore, type StoreCounts } from './failing-store.js'
export * from './limits.js'
export { type MailboxComplianceOptions, mailboxCompliance } from './mailbox-compliance.js'
export { type SeededRandom, unsafeSeededRandom } from './seeded-random.js'
export { type StoreSubject, storeCompliance } from './store-compliance.js'
export { type VirtualClock, virtualClock } from './virtual-clock.js'
