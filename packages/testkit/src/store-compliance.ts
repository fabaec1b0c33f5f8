/** What every Store must do (spec/store.md). */
import { type ComplianceCase, caseWith } from './compliance.js'
import { storeKeyCases } from './store-keys.js'
import type { StoreSubject } from './store-subject.js'
import { storeTransactionCases } from './store-transactions.js'

/** Each case opens a fresh, empty store. */
export function storeCompliance(open: () => Promise<StoreSubject>): ComplianceCase[] {
  const make = caseWith(open)
  return [...storeKeyCases(make), ...storeTransactionCases(make)]
}
