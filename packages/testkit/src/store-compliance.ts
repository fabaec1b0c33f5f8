/** What every Store must do (spec/store.md). */
import type { Store } from '@hyphae/core'
import { type ComplianceCase, caseWith } from './compliance.js'
import { storeKeyCases } from './store-keys.js'
import { storeTransactionCases } from './store-transactions.js'

export interface StoreSubject {
  readonly store: Store
  /** Opens the same data again; the first store is closed by then. Left out by stores that keep nothing. */
  reopen?(): Promise<Store>
  dispose(): Promise<void> | void
}

/** Each case opens a fresh, empty store. */
export function storeCompliance(open: () => Promise<StoreSubject>): ComplianceCase[] {
  const make = caseWith(open)
  return [...storeKeyCases(make), ...storeTransactionCases(make)]
}

export type MakeStoreCase = (name: string, body: (subject: StoreSubject) => Promise<void>) => ComplianceCase
