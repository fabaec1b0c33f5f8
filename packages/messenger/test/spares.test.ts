/** KeyPackages that a strict node was given in sessions (spec/messenger.md section 5). */
import { type Store, type Transport, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import type { Messenger } from '../src/index.js'
import { MAX_GIVEN_KEY_PACKAGES } from '../src/limits.js'
import { givenTable, keyPackagesTable, sparesTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import { groupBy, next, openNode, survivingStore, until } from './nodes.js'

const DAY_MS = 24 * 60 * 60 * 1000
const clock = fastClock(2_000)
const strict = { mode: 'strict', cover: 'off', clock } as const

/** Notes what is taken from stocks. */
function spied(transport: Transport, taken: number[]): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const directory = carrier.directory
    if (directory === undefined) throw new Error('it has a directory')
    const take: typeof directory.take = (writer, kind, options) => {
      taken.push(kind)
      return directory.take(writer, kind, options)
    }
    return { ...carrier, directory: { ...directory, take } }
  }
}

async function met(): Promise<{ alice: Messenger; bob: Messenger; disks: [Store, Store]; taken: number[] }> {
  const net = crowdNetwork(0)
  const taken: number[] = []
  const disks: [Store, Store] = [survivingStore(memoryStore()), survivingStore(memoryStore())]
  const alice = await openNode(spied(net.transport(), taken), { ...strict, store: disks[0] })
  const bob = await openNode(spied(net.transport(), taken), { ...strict, store: disks[1] })
  await (await alice.conversation(bob.id)).send('hello')
  expect((await next(bob)).text).toBe('hello')
  return { alice, bob, disks, taken }
}

async function spares(disk: Store): Promise<number> {
  const rows = await sparesTable.list(disk, [])
  return rows.filter(({ row }) => row.keyPackage.length > 0).length
}

describe('a strict node', () => {
  it('has a KeyPackage of each contact, uses each once, and takes none from a stock', async () => {
    const { alice, bob, disks, taken } = await met()
    await until(async () => (await spares(disks[0])) === 1 && (await spares(disks[1])) === 1)
    const used: Uint8Array[] = []
    for (const name of ['one', 'two', 'three']) {
      await until(async () => (await spares(disks[0])) === 1)
      used.push((await sparesTable.list(disks[0], []))[0]?.row.keyPackage as Uint8Array)
      const group = await groupBy(alice, { name, members: [bob.id] })
      await group.send(`to ${name}`)
      expect((await next(bob)).text).toBe(`to ${name}`)
    }
    expect(new Set(used.map((one) => one.join())).size).toBe(3)
    // A box for each group: none of the credentials was used twice.
    expect((await bob.groups()).length).toBe(3)
    expect(taken).toEqual([])
  })

  it('asks for what is missing in sessions that it begins for it, and says so', async () => {
    const net = crowdNetwork(0)
    const taken: number[] = []
    const bob = await openNode(net.transport(), strict)
    const alice = await openNode(spied(net.transport(), taken), strict)
    await expect(alice.createGroup({ name: 'strangers', members: [bob.id] })).rejects.toMatchObject({
      code: 'messenger/no-key-package',
      retryable: true,
      details: { devices: 1 },
    })
    expect(await alice.groups()).toEqual([])
    const group = await groupBy(alice, { name: 'met', members: [bob.id] })
    await group.send('hello')
    expect((await next(bob)).text).toBe('hello')
    expect(taken).toEqual([])
  })
})

describe('a KeyPackage that was given', () => {
  it('is replaced before its time is over', async () => {
    const { alice, bob, disks } = await met()
    await until(async () => (await spares(disks[0])) === 1)
    const before = (await sparesTable.list(disks[0], []))[0]?.row.receivedAt ?? 0
    clock.forward(15 * DAY_MS)
    await until(async () => ((await sparesTable.list(disks[0], []))[0]?.row.receivedAt ?? 0) > before)
    await groupBy(alice, { name: 'later', members: [bob.id] })
    await until(async () => (await bob.groups()).length === 1)
  })
})

describe('who asks for KeyPackages', () => {
  it('hostile 2: again and again has no more than two kept for it, and a stock of others is not touched', async () => {
    const { alice, bob, disks, taken } = await met()
    await until(async () => (await spares(disks[0])) === 1)
    const before = (await keyPackagesTable.list(disks[1], [])).length
    const chat = await alice.conversation(bob.id)
    const body = { keyPackage: new Uint8Array(), wanted: true }
    for (let i = 0; i < 6; i++) await chat.send({ type: 'hyphae/key-package', body })
    await chat.send('that was all')
    expect((await next(bob)).text).toBe('that was all')
    const given = await givenTable.list(disks[1], [])
    expect(given.map(({ row }) => row.length)).toEqual([MAX_GIVEN_KEY_PACKAGES])
    expect((await keyPackagesTable.list(disks[1], [])).length).toBe(before + MAX_GIVEN_KEY_PACKAGES - 1)
    // What it has is the newest, and works.
    await until(async () => {
      const [row] = await sparesTable.list(disks[0], [])
      return row !== undefined && given[0]?.row.at(-1) === toHex(defaultCrypto.sha256(row.row.keyPackage))
    })
    await groupBy(alice, { name: 'with it', members: [bob.id] })
    await until(async () => (await bob.groups()).length === 1)
    expect(taken).toEqual([])
  })

  it('hostile 1: in a group, or gives what is none, changes nothing', async () => {
    const { alice, bob, disks } = await met()
    await until(async () => (await spares(disks[0])) === 1 && (await spares(disks[1])) === 1)
    const group = await groupBy(alice, { name: 'two', members: [bob.id] })
    await until(async () => (await bob.groups()).length === 1)
    const given = async (): Promise<string> => JSON.stringify(await givenTable.list(disks[1], []))
    await until(async () => (await spares(disks[0])) === 1)
    const before = await given()
    const [spare] = await sparesTable.list(disks[1], [])
    const bad = { keyPackage: Uint8Array.of(1, 2, 3), wanted: true }
    await group.send({ type: 'hyphae/key-package', body: bad })
    await group.send('after it')
    expect((await next(bob)).text).toBe('after it')
    expect(await given()).toBe(before)
    // Nor is one kept that is somebody else's, or none at all.
    const chat = await alice.conversation(bob.id)
    const [own] = await sparesTable.list(disks[0], [])
    for (const keyPackage of [own?.row.keyPackage ?? new Uint8Array(), Uint8Array.of(1, 2, 3)])
      await chat.send({ type: 'hyphae/key-package', body: { keyPackage, wanted: false } })
    await chat.send('nothing in it')
    expect((await next(bob)).text).toBe('nothing in it')
    const [kept] = await sparesTable.list(disks[1], [])
    expect(kept?.row).toEqual(spare?.row)
  })
})
