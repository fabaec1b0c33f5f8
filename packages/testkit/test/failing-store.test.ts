import type { Store } from '@hyphae/core'
import { countingStore, failingStore } from '@hyphae/testkit'
import { expect, test } from 'vitest'
import { mapStore } from './map-store.js'

const one = Uint8Array.of(1)

/** Seven operations: get, list; then get, list, put, delete and the commit of one transaction. */
async function work(store: Store): Promise<void> {
  await store.get(['t', 1])
  await store.list(['t'])
  await store.transact(async (tx) => {
    await tx.get(['t', 1])
    await tx.list(['t'])
    tx.put(['t', 1], one)
    tx.delete(['t', 2])
  })
}

test('counts every operation, inside transactions too', async () => {
  const { store, counts } = countingStore(mapStore())
  await work(store)
  expect(counts()).toEqual({ gets: 2, lists: 2, puts: 1, deletes: 1, transactions: 1 })
})

test('fails exactly the k-th operation, and writes nothing then', async () => {
  const operations = ['gets', 'lists', 'gets', 'lists', 'puts', 'deletes', 'transactions']
  for (const [index, operation] of operations.entries()) {
    const inner = mapStore()
    const store = failingStore(inner, { failAt: index + 1 })
    await expect(work(store)).rejects.toMatchObject({
      code: 'testkit/injected',
      retryable: true,
      details: { operation, number: index + 1 },
    })
    expect(await inner.get(['t', 1])).toBeUndefined()
    await work(store)
    expect(await inner.get(['t', 1])).toEqual(one)
  }
})

test('fails several in a row', async () => {
  const store = failingStore(mapStore(), { failAt: 2, times: 3 })
  await store.get(['t'])
  for (let round = 0; round < 3; round++)
    await expect(store.get(['t'])).rejects.toMatchObject({ code: 'testkit/injected' })
  await store.get(['t'])
})
