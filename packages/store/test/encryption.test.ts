import { utf8 } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { type Engine, encryptedStore, memoryEngine, openStore, type Protection } from '@hyphae/store'
import { expect, test } from 'vitest'

const cheap = { N: 16, r: 1, p: 1 }
const passphrase = { passphrase: 'correct horse', unsafeScrypt: cheap }
const key = { key: new Uint8Array(32).fill(7) }
const plaintext = { unsafePlaintext: true } as const
const everything = { gte: new Uint8Array(), lt: Uint8Array.of(0xff) }

async function made(protection: Protection): Promise<Engine> {
  const engine = memoryEngine()
  const store = await openStore(engine, protection)
  await store.transact((tx) => {
    tx.put(['session', 'alice@example.com', 5, utf8('device-of-alice')], utf8('meet me at noon'))
    tx.put(['outbox', 'alice@example.com', 5], utf8('meet me at noon'))
  })
  return engine
}

function contains(engine: Uint8Array, wanted: string): boolean {
  return Buffer.from(engine).includes(wanted)
}

async function dump(engine: Engine): Promise<Uint8Array> {
  const entries = await engine.range(everything)
  return Buffer.concat(entries.flatMap(({ key: name, value }) => [name, value]))
}

test('nothing readable is stored: no table, no name, no bytes, no value', async () => {
  const stored = await dump(await made(key))
  for (const word of ['session', 'outbox', 'alice', 'example', 'device-of-alice', 'noon'])
    expect(contains(stored, word)).toBe(false)
  // The same search finds all of it where nothing is encrypted.
  const plain = await dump(await made(plaintext))
  for (const word of ['session', 'outbox', 'alice', 'example', 'device-of-alice', 'noon'])
    expect(contains(plain, word)).toBe(true)
})

test('the same name under two tables, or in two stores, looks different', async () => {
  const tokens = new Set<string>()
  for (const engine of [await made(key), await made(key)])
    for (const { key: stored } of await engine.range({ gte: Uint8Array.of(1), lt: Uint8Array.of(0xff) }))
      tokens.add(Buffer.from(stored.subarray(17, 34)).toString('hex'))
  expect(tokens.size).toBe(4)
})

test('the same value sealed twice looks different', async () => {
  const engine = await made(key)
  const before = await dump(engine)
  const store = await openStore(engine, key)
  await store.transact((tx) => tx.put(['outbox', 'alice@example.com', 5], utf8('meet me at noon')))
  expect(await dump(engine)).not.toEqual(before)
})

test('wrong passphrase or key', async () => {
  const byPassphrase = await made(passphrase)
  await expect(
    encryptedStore(byPassphrase, { ...passphrase, passphrase: 'correct hors' }),
  ).rejects.toMatchObject({ code: 'store/wrong-key' })
  const byKey = await made(key)
  await expect(encryptedStore(byKey, { key: new Uint8Array(32).fill(8) })).rejects.toMatchObject({
    code: 'store/wrong-key',
  })
})

test('another protection than the store was made with', async () => {
  const protections: Protection[] = [passphrase, key, plaintext]
  for (const making of protections) {
    const engine = await made(making)
    const before = await dump(engine)
    for (const opening of protections)
      if (opening !== making)
        await expect(openStore(engine, opening)).rejects.toMatchObject({ code: 'store/wrong-mode' })
    expect(await dump(engine)).toEqual(before)
  }
})

test('a passphrase opens however its accents were typed', async () => {
  const engine = memoryEngine()
  await openStore(engine, { passphrase: 'caf\u00e9', unsafeScrypt: cheap })
  await openStore(engine, { passphrase: 'cafe\u0301' })
})

test('options that protect nothing are refused', async () => {
  const bad: unknown[] = [
    {},
    { passphrase: '' },
    { key: new Uint8Array(31) },
    { key: 'k'.repeat(32) },
    { unsafePlaintext: false },
    { passphrase: 'p', key: new Uint8Array(32) },
    { passphrase: 'p', unsafeScrypt: { N: 3, r: 1, p: 1 } },
    { passphrase: 'p', unsafeScrypt: { N: 2 ** 30, r: 8, p: 1 } },
  ]
  for (const options of bad) {
    const engine = memoryEngine()
    await expect(openStore(engine, options as Protection)).rejects.toMatchObject({
      code: 'store/bad-options',
    })
    expect(await engine.range(everything)).toEqual([])
  }
})

test('scrypt runs once, at open, and with the costs in the header', async () => {
  const costs: unknown[] = []
  const crypto = {
    ...defaultCrypto,
    scrypt: (...parameters: Parameters<typeof defaultCrypto.scrypt>) => {
      costs.push(parameters[2])
      return defaultCrypto.scrypt(...parameters)
    },
  }
  const engine = await made(passphrase)
  const store = await encryptedStore(engine, { passphrase: 'correct horse', crypto })
  await store.transact((tx) => tx.put(['t'], utf8('x')))
  await store.list(['session'])
  expect(costs).toEqual([cheap])
})

test('hostile 52: without randomness nothing is written', async () => {
  const engine = await made(key)
  const before = await dump(engine)
  let broken = false
  const crypto = {
    ...defaultCrypto,
    randomBytes: (length: number) => {
      if (broken) throw new Error('no entropy')
      return defaultCrypto.randomBytes(length)
    },
  }
  const store = await encryptedStore(engine, { ...key, crypto })
  broken = true
  await expect(store.transact((tx) => tx.put(['t'], utf8('x')))).rejects.toMatchObject({ code: 'store/io' })
  expect(await dump(engine)).toEqual(before)
  broken = false
  await store.transact((tx) => tx.put(['t'], utf8('x')))
})

test('hostile 49: errors say nothing of keys, names, values or passphrases', async () => {
  const engine = await made(passphrase)
  const store = await openStore(engine, passphrase)
  const failures = [
    openStore(engine, { ...passphrase, passphrase: 'canary-pass' }),
    store.transact((tx) => tx.put(['canary-table', -1], utf8('canary-value'))),
    store.transact((tx) => tx.put(['canary-table', 'canary-name'.repeat(200)], utf8('canary-value'))),
    store.transact((tx) => tx.put(['canary-table', '\ud800canary-name'], utf8('canary-value'))),
  ]
  for (const failure of failures) {
    const error = await failure.then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    if (error === undefined) throw new Error('it did not fail')
    expect(JSON.stringify({ ...error, text: `${error} ${error.stack}` })).not.toContain('canary')
  }
})
