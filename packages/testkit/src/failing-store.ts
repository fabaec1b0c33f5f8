/** Stores that count or fail: to put a crash or a full disk at every step of what uses a store. */
import type { Store, StoreReader, StoreTransaction } from '@hyphae/core'
import { TestkitError } from './errors.js'

export interface StoreCounts {
  readonly gets: number
  readonly lists: number
  readonly puts: number
  readonly deletes: number
  readonly transactions: number
}

type Operation = keyof StoreCounts

/**
 * Fails the k-th operation, counted from 1 over get, list, put, delete and the commit of each transaction, with
 * `testkit/injected`. A failed commit writes nothing. With `times`, so many operations in a row fail.
 */
export function failingStore(
  inner: Store,
  { failAt, times = 1 }: { readonly failAt: number; readonly times?: number },
): Store {
  let operations = 0
  return observed(inner, (operation) => {
    operations += 1
    if (operations >= failAt && operations < failAt + times)
      throw new TestkitError('testkit/injected', { details: { operation, number: operations } })
  })
}

/** Counts what is done to a store. */
export function countingStore(inner: Store): { readonly store: Store; counts(): StoreCounts } {
  const counts = { gets: 0, lists: 0, puts: 0, deletes: 0, transactions: 0 }
  const store = observed(inner, (operation) => {
    counts[operation] += 1
  })
  return { store, counts: () => ({ ...counts }) }
}

function observed(inner: Store, before: (operation: Operation) => void): Store {
  return {
    ...observedReader(inner, before),
    transact: (work) =>
      inner.transact(async (tx) => {
        const result = await work(observedTransaction(tx, before))
        // Throwing here is what a commit that fails looks like: all of it or nothing.
        before('transactions')
        return result
      }),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  }
}

function observedReader(inner: StoreReader, before: (operation: Operation) => void): StoreReader {
  return {
    get: async (key) => {
      before('gets')
      return inner.get(key)
    },
    list: async (prefix, options) => {
      before('lists')
      return inner.list(prefix, options)
    },
  }
}

function observedTransaction(tx: StoreTransaction, before: (operation: Operation) => void): StoreTransaction {
  return {
    ...observedReader(tx, before),
    put: (key, value) => {
      before('puts')
      tx.put(key, value)
    },
    delete: (key) => {
      before('deletes')
      tx.delete(key)
    },
  }
}
