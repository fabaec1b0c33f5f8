/** Damaged and forged records, on an engine whose bytes the test can reach. */
import { isHyphaeError, type Store, type StoreKey } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { type Engine, encryptedStore, memoryEngine, openStore, type Protection } from '@hyphae/store'
import { expect, test } from 'vitest'

const key = new Uint8Array(32).fill(7)
const records: readonly [StoreKey, Uint8Array][] = [
  [['session', 'alice', 1], new Uint8Array(40).fill(1)],
  [['session', 'alice', 2], new Uint8Array(40).fill(2)],
  [['session', 'bob', 1], new Uint8Array(40).fill(3)],
  [['outbox', 9, Uint8Array.of(4)], new Uint8Array()],
]
const everything = { gte: Uint8Array.of(1), lt: Uint8Array.of(0xff) }

async function filled(protection: Protection = { key }): Promise<Engine> {
  const engine = memoryEngine()
  const store = await openStore(engine, protection)
  await store.transact((tx) => {
    for (const [name, value] of records) tx.put(name, value)
  })
  return engine
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice()
  copy[index] = (copy[index] as number) ^ (1 << (index % 8))
  return copy
}

/** How each record reads: `ok`, `missing` or an error code. Any value but the true one fails the test. */
async function readAll(store: Store): Promise<string[]> {
  return Promise.all(
    records.map(async ([name, value]) => {
      try {
        const found = await store.get(name)
        if (found === undefined) return 'missing'
        expect(found).toEqual(value)
        return 'ok'
      } catch (error) {
        return isHyphaeError(error) ? error.code : String(error)
      }
    }),
  )
}

for (const [name, protection] of Object.entries({
  key: { key },
  plaintext: { unsafePlaintext: true } as const,
}))
  test(`hostile 33: any byte of any value flipped (${name}): that record is refused, the others read`, async () => {
    const engine = await filled(protection)
    const store = await openStore(engine, protection)
    for (const entry of await engine.range(everything)) {
      for (let index = 0; index < entry.value.length; index++) {
        await engine.write([{ key: entry.key, value: flipped(entry.value, index) }])
        expect((await readAll(store)).sort()).toEqual(['ok', 'ok', 'ok', 'store/corrupt'])
      }
      await engine.write([entry])
    }
    expect(await readAll(store)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

test('hostile 33: any prefix of a value is refused', async () => {
  const engine = await filled()
  const store = await encryptedStore(engine, { key })
  const [entry] = await engine.range(everything)
  if (entry === undefined) throw new Error('no record')
  for (let length = 0; length < entry.value.length; length++) {
    await engine.write([{ key: entry.key, value: entry.value.slice(0, length) }])
    expect((await readAll(store)).filter((state) => state !== 'ok')).toEqual(['store/corrupt'])
  }
})

test('hostile 33: any byte of any stored key flipped: the record is gone or refused, never another', async () => {
  const engine = await filled()
  const store = await encryptedStore(engine, { key })
  for (const entry of await engine.range(everything))
    for (let index = 0; index < entry.key.length; index++) {
      const moved = flipped(entry.key, index)
      await engine.write([
        { key: entry.key, value: undefined },
        { key: moved, value: entry.value },
      ])
      expect((await readAll(store)).filter((state) => state !== 'ok')).toEqual(['missing'])
      for (const table of ['session', 'outbox'])
        await store.list([table]).catch((error) => expect(error).toMatchObject({ code: 'store/corrupt' }))
      await engine.write([{ key: moved, value: undefined }, entry])
    }
})

test('hostile 33: a record put in the place of another is refused', async () => {
  const engine = await filled()
  const store = await encryptedStore(engine, { key })
  const entries = await engine.range(everything)
  for (const [index, entry] of entries.entries()) {
    const other = entries[(index + 1) % entries.length]
    await engine.write([{ key: entry.key, value: other?.value }])
    expect((await readAll(store)).filter((state) => state !== 'ok')).toEqual(['store/corrupt'])
    await engine.write([entry])
  }
})

test('hostile 33: a list throws, or with onCorrupt reports and gives the rest', async () => {
  const engine = await filled()
  const [entry] = await engine.range(everything)
  if (entry === undefined) throw new Error('no record')
  await engine.write([{ key: entry.key, value: flipped(entry.value, 30) }])
  const strict = await encryptedStore(engine, { key })
  const reports: string[] = []
  const onCorrupt = (error: { code: string }): void => void reports.push(error.code)
  const lenient = await encryptedStore(engine, { key, onCorrupt })
  const tables = await Promise.all(
    ['session', 'outbox'].map(async (table) => {
      const length = (await lenient.list([table])).length
      return {
        length,
        strict: await strict.list([table]).then(
          (found) => found.length,
          (error) => error.code,
        ),
      }
    }),
  )
  expect(reports).toEqual(['store/corrupt'])
  expect(tables.map(({ length }) => length).reduce((sum, length) => sum + length)).toBe(3)
  expect(tables.map(({ strict: outcome }) => outcome)).toContain('store/corrupt')
})

test('hostile 33: any byte of the header flipped: the store does not open, and is unchanged', async () => {
  for (const protection of [{ key }, { passphrase: 'p', unsafeScrypt: { N: 2, r: 1, p: 1 } }]) {
    const engine = await filled(protection)
    const headerKey = Uint8Array.of(0)
    const header = (await engine.get(headerKey)) as Uint8Array
    for (let index = 0; index < header.length; index++) {
      // A damaged cost is a cost: what it makes scrypt do stays inside the limits, but not inside a test's time.
      const isCost = 'passphrase' in protection && index >= 6 && index <= 8
      if (isCost) continue
      const damaged = flipped(header, index)
      await engine.write([{ key: headerKey, value: damaged }])
      await expect(openStore(engine, protection)).rejects.toMatchObject({
        code: expect.stringMatching(/^store\/(wrong-key|wrong-mode|corrupt)$/),
      })
      expect(await engine.get(headerKey)).toEqual(damaged)
    }
    await engine.write([{ key: headerKey, value: header }])
    await openStore(engine, protection)
  }
})

test('hostile 2: a header that asks for too much scrypt is refused before any is done', async () => {
  let calls = 0
  const crypto = {
    ...defaultCrypto,
    scrypt: (...parameters: Parameters<typeof defaultCrypto.scrypt>) => {
      calls += 1
      return defaultCrypto.scrypt(...parameters)
    },
  }
  const protection = { passphrase: 'p', unsafeScrypt: { N: 2, r: 1, p: 1 }, crypto }
  const engine = await filled(protection)
  calls = 0
  const header = (await engine.get(Uint8Array.of(0))) as Uint8Array
  const costs = [
    [31, 8, 1],
    [255, 1, 1],
    [21, 8, 1],
    [1, 0, 1],
    [0, 8, 1],
    [10, 8, 0],
    [10, 8, 5],
    [17, 255, 1],
  ]
  for (const [log = 0, r = 0, p = 0] of costs) {
    const hostile = header.slice()
    hostile.set([log, r, p], 6)
    await engine.write([{ key: Uint8Array.of(0), value: hostile }])
    await expect(openStore(engine, protection)).rejects.toMatchObject({ code: 'store/corrupt' })
  }
  expect(calls).toBe(0)
})

test('hostile 33: records without a header are not taken for a new store', async () => {
  const engine = await filled()
  await engine.write([{ key: Uint8Array.of(0), value: undefined }])
  await expect(encryptedStore(engine, { key })).rejects.toMatchObject({ code: 'store/corrupt' })
  expect(await engine.get(Uint8Array.of(0))).toBeUndefined()
})
