/** A disk that fails at the k-th operation, for every k: what uses the store can always go on where it stood. */
import { isHyphaeError, type Store } from '@hyphae/core'
import { type Engine, encryptedStore, memoryEngine, memoryStore, StoreError } from '@hyphae/store'
import { countingStore, failingStore } from '@hyphae/testkit'
import { expect, test } from 'vitest'

const MESSAGES = 6
const key = new Uint8Array(32).fill(7)

/** Takes messages in as a node does: state, text and dedupe id in one transaction; only then the acknowledgement. */
async function receive(store: Store, acknowledged: number[]): Promise<void> {
  const known = new Set((await store.list(['seen'])).map(({ key: [, id] }) => id))
  for (let id = 0; id < MESSAGES; id++) {
    if (!known.has(id))
      await store.transact(async (tx) => {
        const state = (await tx.get(['state']))?.[0] ?? 0
        tx.put(['state'], Uint8Array.of(state + 1))
        tx.put(['seen', id], new Uint8Array())
        tx.put(['text', state], Uint8Array.of(id))
        tx.delete(['draft', id])
      })
    acknowledged.push(id)
  }
}

/** State, dedupe ids and texts agree, and everything acknowledged is among them. */
async function expectConsistent(store: Store, acknowledged: readonly number[]): Promise<void> {
  const seen = (await store.list(['seen'])).map(({ key: [, id] }) => id)
  const texts = (await store.list(['text'])).map(({ value }) => value[0])
  expect((await store.get(['state']))?.[0] ?? 0).toBe(seen.length)
  expect(texts).toEqual(seen)
  for (const id of acknowledged) expect(seen).toContain(id)
}

async function goOn(store: Store, durable: Store): Promise<number> {
  const acknowledged: number[] = []
  let failures = 0
  for (let done = false; !done; ) {
    try {
      await receive(store, acknowledged)
      done = true
    } catch (error) {
      if (!isHyphaeError(error) || !error.retryable) throw error
      failures += 1
    }
    await expectConsistent(durable, acknowledged)
  }
  expect((await durable.list(['text'])).map(({ value }) => value[0])).toEqual([0, 1, 2, 3, 4, 5])
  return failures
}

test('hostile 32: the k-th operation of the store fails, for every k', async () => {
  const counting = countingStore(memoryStore())
  await receive(counting.store, [])
  const total = Object.values(counting.counts()).reduce((sum, count) => sum + count)
  expect(total).toBe(1 + MESSAGES * 6)
  for (let failAt = 1; failAt <= total; failAt++) {
    const durable = memoryStore()
    expect(await goOn(failingStore(durable, { failAt }), durable)).toBe(1)
  }
})

test('hostile 32: the k-th batch of the engine fails, once or for a while, for every k', async () => {
  for (const times of [1, 3])
    for (let failAt = 2; failAt <= MESSAGES + 1; failAt++) {
      const inner = memoryEngine()
      let batches = 0
      const engine: Engine = {
        ...inner,
        write: async (batch) => {
          batches += 1
          if (batches >= failAt && batches < failAt + times)
            throw new StoreError(failAt % 2 === 0 ? 'store/full' : 'store/io')
          await inner.write(batch)
        },
      }
      const store = await encryptedStore(engine, { key })
      expect(await goOn(store, await encryptedStore(inner, { key }))).toBe(times)
    }
})

test('hostile 32: reads that fail are errors, not absence', async () => {
  const inner = memoryEngine()
  const failing: Engine = {
    ...inner,
    get: () => Promise.reject(new Error('read failed')),
    range: () => Promise.reject(new Error('read failed')),
  }
  const store = memoryStore({ engine: failing })
  await expect(store.get(['t'])).rejects.toMatchObject({ code: 'store/io' })
  await expect(store.list(['t'])).rejects.toMatchObject({ code: 'store/io' })
  await expect(store.transact((tx) => tx.get(['t']))).rejects.toMatchObject({ code: 'store/io' })
})
