import { memoryEngine, memoryStore, STORE_ERRORS, StoreError } from '@hyphae/store'
import { expect, test } from 'vitest'
import { heldEngine, turn } from './engines.js'

const one = Uint8Array.of(1)
const disk = new StoreError('store/full')

/** Says where each promise stands, without waiting for it. */
async function states(...promises: Promise<unknown>[]): Promise<string[]> {
  for (const promise of promises) promise.catch(() => {})
  await turn()
  return Promise.all(
    promises.map((promise) =>
      Promise.race([
        promise.then(
          () => 'done',
          (error: { code?: string; message: string }) => error.code ?? error.message,
        ),
        turn().then(() => 'waiting'),
      ]),
    ),
  )
}

test('what finishes while a batch is being written goes into one next batch', async () => {
  const { engine, held, batches } = heldEngine()
  const store = memoryStore({ engine })
  const writes = Array.from({ length: 10 }, (_, n) => store.transact((tx) => tx.put(['t', n], one)))
  await turn()
  expect(held[0]?.batch).toHaveLength(1)
  held[0]?.finish()
  await turn()
  expect(held[0]?.batch).toHaveLength(9)
  held[0]?.finish()
  await Promise.all(writes)
  expect(batches()).toBe(2)
})

test('a transaction reads what earlier ones wrote, though it is not durable', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const first = store.transact((tx) => tx.put(['n'], one))
  const second = store.transact(async (tx) => {
    tx.put(['n'], Uint8Array.of(((await tx.get(['n']))?.[0] ?? 0) + 1))
    tx.put(['m'], one)
  })
  const third = store.transact(async (tx) => (await tx.list(['n'])).map(({ value }) => value[0]))
  expect(await states(first, second, third)).toEqual(['waiting', 'waiting', 'waiting'])
  held[0]?.finish()
  expect(await states(first, second, third)).toEqual(['done', 'waiting', 'waiting'])
  held[0]?.finish()
  expect(await third).toEqual([2])
})

test('a plain read sees only what is durable', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const writing = store.transact((tx) => tx.put(['n'], one))
  await turn()
  expect(await store.get(['n'])).toBeUndefined()
  expect(await store.list(['n'])).toEqual([])
  held[0]?.finish()
  await writing
  expect(await store.get(['n'])).toEqual(one)
})

test('a transaction that only read waits for what it may have read', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  await store.transact((tx) => tx.get(['n']))
  const write = store.transact((tx) => tx.put(['n'], one))
  const read = store.transact((tx) => tx.get(['n']))
  expect(await states(write, read)).toEqual(['waiting', 'waiting'])
  held[0]?.fail(disk)
  expect(await states(write, read)).toEqual(['store/full', 'store/full'])
})

test('a failed batch takes with it all that was built on it, and nothing else', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const first = store.transact((tx) => tx.put(['a'], one))
  const second = store.transact((tx) => tx.put(['b'], one))
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const running = store.transact(async (tx) => {
    await tx.get(['a'])
    await gate
    tx.put(['c'], one)
  })
  const later = store.transact(async (tx) => {
    expect(await tx.get(['a'])).toBeUndefined()
    tx.put(['d'], one)
  })
  await turn()
  held[0]?.fail(disk)
  expect(await states(first, second)).toEqual(['store/full', 'store/full'])
  go()
  expect(await states(running, later)).toEqual(['store/full', 'waiting'])
  held[0]?.finish()
  await later
  for (const lost of ['a', 'b', 'c']) expect(await store.get([lost])).toBeUndefined()
  expect(await store.get(['d'])).toEqual(one)
})

test('a transaction that swallows the failure of its reads still fails', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const first = store.transact((tx) => tx.put(['a'], one))
  const stubborn = store.transact(async (tx) => {
    const seen = await tx.get(['a'])
    held[0]?.fail(disk)
    await turn()
    await tx.get(['b']).catch(() => undefined)
    return seen
  })
  expect(await states(first, stubborn)).toEqual(['store/full', 'store/full'])
})

test('an error that is not ours becomes store/io, with its cause', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const cause = new Error('the cable fell out')
  const write = store.transact((tx) => tx.put(['a'], one))
  await turn()
  held[0]?.fail(cause)
  await expect(write).rejects.toMatchObject({ code: 'store/io', cause, retryable: true })
  expect(STORE_ERRORS['store/full'].retryable).toBe(true)
})

test('closing waits for what was begun', async () => {
  const { engine, held } = heldEngine()
  const store = memoryStore({ engine })
  const write = store.transact((tx) => tx.put(['a'], one))
  await turn()
  const closing = store.close()
  expect(await states(write, closing)).toEqual(['waiting', 'waiting'])
  held[0]?.finish()
  await closing
  await write
})

test('a large waiting batch makes the next transaction wait for the one being written', async () => {
  const { engine, held } = heldEngine(memoryEngine())
  const store = memoryStore({ engine })
  const large = new Uint8Array(3 * 1024 * 1024)
  const writes = Array.from({ length: 4 }, (_, n) => store.transact((tx) => tx.put(['t', n], large)))
  await turn()
  expect(held[0]?.batch).toHaveLength(1)
  held[0]?.finish()
  await turn()
  expect(held[0]?.batch).toHaveLength(2)
  held[0]?.finish()
  await turn()
  expect(held[0]?.batch).toHaveLength(1)
  held[0]?.finish()
  await Promise.all(writes)
})

test('limits on values and transactions hold before anything is written', async () => {
  const store = memoryStore()
  const tooLarge = new Uint8Array(16 * 1024 * 1024 + 1)
  await expect(store.transact((tx) => tx.put(['t'], tooLarge))).rejects.toMatchObject({
    code: 'store/too-large',
  })
  const most = new Uint8Array(16 * 1024 * 1024)
  const many = store.transact((tx) => {
    for (let n = 0; n < 5; n++) tx.put(['t', n], most)
  })
  await expect(many).rejects.toMatchObject({ code: 'store/too-large' })
  expect(await store.list(['t'])).toEqual([])
})
