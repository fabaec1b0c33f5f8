import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptedStore, memoryEngine, memoryStore } from '@hyphae/store'
import { type LevelStoreOptions, levelStore } from '@hyphae/store/level'
import { type StoreSubject, storeCompliance } from '@hyphae/testkit'
import { describe, expect, test } from 'vitest'

const key = new Uint8Array(32).fill(7)

async function plainMemory(): Promise<StoreSubject> {
  const engine = memoryEngine()
  return { store: memoryStore({ engine }), reopen: async () => memoryStore({ engine }), dispose: () => {} }
}

async function encryptedMemory(): Promise<StoreSubject> {
  const engine = memoryEngine()
  const reopen = () => encryptedStore(engine, { key })
  return { store: await reopen(), reopen, dispose: () => {} }
}

async function level(options: LevelStoreOptions): Promise<StoreSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-store-'))
  const reopen = () => levelStore(join(folder, 'db'), options)
  const store = await reopen()
  const dispose = async () => {
    await store.close()
    await rm(folder, { recursive: true })
  }
  return { store, reopen, dispose }
}

const stores: Readonly<Record<string, () => Promise<StoreSubject>>> = {
  'memory store': plainMemory,
  'encrypted memory store': encryptedMemory,
  'level store with a key': () => level({ key }),
  'level store with a passphrase': () =>
    level({ passphrase: 'correct horse', unsafeScrypt: { N: 16, r: 1, p: 1 } }),
  'level store in plaintext': () => level({ unsafePlaintext: true }),
}

for (const [name, open] of Object.entries(stores))
  describe(name, () => {
    for (const { name: rule, run } of storeCompliance(open)) test(rule, run)
  })

test.each([undefined, {}, { passphrase: '' }])(
  'a level store with %o is refused, and no folder made',
  async (options) => {
    const folder = join(tmpdir(), `hyphae-store-${randomUUID()}`)
    const opening = levelStore(folder, options as LevelStoreOptions)
    await expect(opening).rejects.toMatchObject({ code: 'store/bad-options' })
    expect(existsSync(folder)).toBe(false)
  },
)
