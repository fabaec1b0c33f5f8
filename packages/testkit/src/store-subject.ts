/** What the suite for stores is given. */
import type { Store } from '@hyphae/core'
import type { ComplianceCase } from './compliance.js'

export interface StoreSubject {
  readonly store: Store
  /** Opens the same data again; the first store is closed by then. Left out by stores that keep nothing. */
  reopen?(): Promise<Store>
  dispose(): Promise<void> | void
}

export type MakeStoreCase = (name: string, body: (subject: StoreSubject) => Promise<void>) => ComplianceCase
