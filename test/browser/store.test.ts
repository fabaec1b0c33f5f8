// The IndexedDB store: the rules every store keeps, a wrong key, and a second opener in another thread.
import { utf8 } from '@hyphae/core'
import { type LevelStoreOptions, levelStore } from '@hyphae/store/level'
import { type StoreSubject, storeCompliance } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'

const KEY = new Uint8Array(32).fill(7)
/** A work factor for tests: the key derivation is not what is tested here. */
const FAST = { N: 16, r: 1, p: 1 }

function freshName(): string {
  return `test-${crypto.randomUUID()}`
}

async function subject(options: LevelStoreOptions): Promise<StoreSubject> {
  const name = freshName()
  const reopen = () => levelStore(name, options)
  const store = await reopen()
  return { store, reopen, dispose: () => store.close() }
}

const subjects: Record<string, () => Promise<StoreSubject>> = {
  'with a key': () => subject({ key: KEY }),
  'with a passphrase': () => subject({ passphrase: 'correct horse', unsafeScrypt: FAST }),
  'in plaintext': () => subject({ unsafePlaintext: true }),
}

describe.each(Object.entries(subjects))('IndexedDB %s', (_name, open) => {
  it.each(storeCompliance(open).map(({ name, run }) => [name, run] as const))('%s', async (_rule, run) => {
    await run()
  })
})

it('keeps what was written over closing and opening, for whoever has the key', async () => {
  const name = freshName()
  const first = await levelStore(name, { key: KEY })
  await first.transact((tx) => tx.put(['notes', 1], utf8('kept')))
  await first.close()
  await expect(levelStore(name, { key: new Uint8Array(32).fill(8) })).rejects.toMatchObject({
    code: 'store/wrong-key',
  })
  const again = await levelStore(name, { key: KEY })
  expect(await again.get(['notes', 1])).toEqual(utf8('kept'))
  await again.close()
})

async function openInWorker(name: string): Promise<string> {
  const worker = new Worker(new URL('./setup/opener.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = (event) => reject(new Error(event.message))
      worker.postMessage({ name, key: KEY })
    })
  } finally {
    worker.terminate()
  }
}

it('hostile 34: a second opener is refused while the first is open, and not after', async () => {
  const name = freshName()
  const store = await levelStore(name, { key: KEY })
  expect(await openInWorker(name)).toBe('store/locked')
  await store.close()
  expect(await openInWorker(name)).toBe('opened')
})
