/** The compliance suite must notice: each mutant breaks one promise of the port, and some case must fail. */
import type { Store } from '@hyphae/core'
import { type Engine, memoryEngine, memoryStore } from '@hyphae/store'
import { storeCompliance } from '@hyphae/testkit'
import { expect, test } from 'vitest'

type Mutate = (store: Store, engine: Engine) => Partial<Store>

const mutants: Readonly<Record<string, Mutate>> = {
  'writes although the work was rejected': (store) => ({
    transact: async (work) => {
      let failure: { error: unknown } | undefined
      const result = await store.transact(async (tx) => {
        try {
          return await work(tx)
        } catch (error) {
          failure = { error }
          return undefined as Awaited<ReturnType<typeof work>>
        }
      })
      if (failure !== undefined) throw failure.error
      return result as Awaited<ReturnType<typeof work>>
    },
  }),
  'runs transactions side by side': (store) => ({
    transact: async (work) => {
      const puts: [Parameters<Store['get']>[0], Uint8Array | undefined][] = []
      const result = await work({
        get: store.get,
        list: store.list,
        put: (key, value) => void puts.push([key, value]),
        delete: (key) => void puts.push([key, undefined]),
      })
      await store.transact((tx) => {
        for (const [key, value] of puts) value === undefined ? tx.delete(key) : tx.put(key, value)
      })
      return result
    },
  }),
  'hides own writes from list': (store) => ({
    transact: (work) => store.transact((tx) => work({ ...tx, list: store.list })),
  }),
  'ignores from': (store) => ({
    list: (prefix, options = {}) => store.list(prefix, { ...options, from: 0 }),
  }),
  'ignores reverse': (store) => ({
    list: (prefix, options = {}) => store.list(prefix, { ...options, reverse: false }),
  }),
  'ignores limit': (store) => ({
    list: (prefix, { limit: _limit, ...options } = {}) => store.list(prefix, options),
  }),
  'orders numbers as text': (store) => ({
    list: async (prefix, options) =>
      (await store.list(prefix, options)).sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1)),
  }),
  'resolves before it has written': (store) => ({
    transact: async (work) => {
      let result: unknown
      const writing = store.transact(async (tx) => {
        result = await work(tx)
        await new Promise((resolve) => setTimeout(resolve, 20))
      })
      writing.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 5))
      return result as Awaited<ReturnType<typeof work>>
    },
  }),
  'goes on after close': () => ({ close: async () => {} }),
  'forgets everything at close': (store, engine) => ({
    close: async () => {
      const all = await engine.range({ gte: new Uint8Array(), lt: Uint8Array.of(0xff) })
      await engine.write(all.map(({ key }) => ({ key, value: undefined })))
      await store.close()
    },
  }),
  'takes an empty value for none': (store) => ({
    get: async (key) => {
      const value = await store.get(key)
      return value?.length === 0 ? undefined : value
    },
  }),
}

async function failures(mutate: Mutate): Promise<string[]> {
  const failed: string[] = []
  const cases = storeCompliance(async () => {
    const engine = memoryEngine()
    const inner = memoryStore({ engine })
    const store = { ...inner, ...mutate(inner, engine) }
    return { store, reopen: async () => memoryStore({ engine }), dispose: () => {} }
  })
  for (const { name, run } of cases) await run().catch(() => failed.push(name))
  return failed
}

test('the memory store itself passes', async () => {
  expect(await failures(() => ({}))).toEqual([])
})

for (const [name, mutate] of Object.entries(mutants))
  test(`a store that ${name} fails the suite`, async () => {
    expect(await failures(mutate)).not.toEqual([])
  })
