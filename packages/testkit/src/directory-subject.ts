/** What the suite for directories is given: options, and the functions that sign. */
import type { DirectoryRecord, StockUpload } from '@hyphae/core'
import type { Ed25519PrivateKey } from '@hyphae/crypto'
import type { CarrierComplianceOptions } from './carrier-subject.js'

export type RecordStatement = Pick<DirectoryRecord, 'address' | 'sequence' | 'body'>
export type StockStatement = Omit<StockUpload, 'writer' | 'signature'>

export interface DirectoryComplianceOptions extends CarrierComplianceOptions {
  /** Signs as spec/directory.md says; `@hyphae/tlv` has both functions. */
  signRecord(key: Ed25519PrivateKey, statement: RecordStatement): DirectoryRecord
  signStock(key: Ed25519PrivateKey, statement: StockStatement): StockUpload
  /** The carrier verifies signatures. Left out or true: a forged one must be refused. */
  readonly checksSignatures?: boolean
}
