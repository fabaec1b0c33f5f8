// Disks that fail and nodes that die at every step: what was kept is kept, only what is missing is asked for.
import { equalBytes } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { createObject, type ObjectExchange, openExchange } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { countingStore, failingStore, virtualClock } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { openNode, settled } from '../support/nodes.js'
import { BROAD, wire } from '../support/wire.js'
import { pattern, type Station, world } from '../support/world.js'

const payload = pattern(18_000)
const same = (read: Uint8Array | undefined): boolean => read !== undefined && equalBytes(read, payload)

it('hostile 32: the k-th operation of the store fails, for every k, and the object still arrives', async () => {
  const counting = countingStore(memoryStore())
  const steps = async (): Promise<number> =>
    Object.values(counting.counts()).reduce((sum, count) => sum + count, 0)
  for (let failAt = 1, last = 1; failAt <= last; failAt++) {
    const clock = virtualClock(1e12)
    const net = wire()
    const ada = await openNode({ clock })
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    const { hash } = await ada.exchange.publish({ payload, ttl: 86_400 })
    const disk = failAt === 1 ? counting.store : memoryStore()
    const store = failAt === 1 ? disk : failingStore(disk, { failAt: failAt - 1 })
    const open = (): Promise<ObjectExchange> => openExchange({ store, clock })
    const exchange = await open().catch(open)
    exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
    await settled()
    for (let i = 0; i < 8 && exchange.status(hash)?.complete !== true; i++) {
      await clock.advance(20_000)
      await settled()
    }
    const read = await exchange.read(hash).catch(() => exchange.read(hash))
    expect(same(read), `operation ${failAt - 1}`).toBe(true)
    if (failAt === 1) last = (await steps()) + 1
    await exchange.close()
    const again = await openExchange({ store: disk, clock })
    expect(again.status(hash)?.complete).toBe(true)
    await again.close()
  }
})

it('hostile 33: a row or block that the disk has damaged is found when it is read, and fetched again', async () => {
  const soon = { signal: AbortSignal.timeout(20_000) }
  const object = createObject(defaultCrypto, { payload, created: 1, ttl: 86_400 })
  const { store, exchange: first } = await openNode()
  /** Fetches what is missing from a neighbour that has it. */
  const complete = async (exchange: ObjectExchange): Promise<void> => {
    const net = wire()
    const ada = await openNode()
    await ada.exchange.put(object)
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    const attached = exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
    await exchange.completed(object.hash, soon)
    await attached.detach()
  }
  await complete(first)
  await first.close()
  for (const table of ['object', 'object-have', 'object-block'])
    for (const [at, { key, value }] of (await store.list([table])).entries()) {
      const torn = value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte))
      await store.transact((tx) => tx.put(key, torn))
      const exchange = await openExchange({ store })
      expect(await exchange.read(object.hash), `${table} ${at}`).toBeUndefined()
      await complete(exchange)
      expect(same(await exchange.read(object.hash))).toBe(true)
      await exchange.close()
    }
})

describe('hostile 30: a node that is killed at its k-th commit', () => {
  it.each(['before', 'after'] as const)('%s it is on disk goes on with what is missing', async (side) => {
    for (let commit = 1; commit <= 8; commit++) {
      const { sim, ether, station } = world(commit)
      const air = ether({ bandwidthBps: 400_000, delayMs: [1, 2] })
      const joined = (peer: string) => (one: Station) => void air.join(one, [peer])
      const ada = await station('ada', joined('ben'))
      const ben = await station('ben', joined('ada'))
      const { hash } = await ada.exchange.publish({ payload, ttl: 86_400 })
      ben.node.crashAtCommit(commit, side)
      await sim.run({ forMs: 20_000 })
      if (ben.node.life === undefined) ben.node.boot()
      const { failure } = await sim.run({ until: () => ben.exchange.status(hash)?.complete === true })
      expect(failure).toBeUndefined()
      expect(same(await ben.exchange.read(hash))).toBe(true)
    }
  })

  it('while it publishes has all of its object, or nothing of it', async () => {
    for (let commit = 1; commit <= 3; commit++) {
      const { sim, station } = world(commit)
      const ada = await station('ada')
      ada.node.crashAtCommit(commit, 'before')
      void ada.exchange.publish({ payload }).catch(() => {})
      await sim.run({ forMs: 1_000 })
      if (ada.node.life === undefined) ada.node.boot()
      await sim.run({ forMs: 1_000 })
      for (const { complete } of ada.exchange.list()) expect(complete).toBe(true)
      const blocks = await ada.life.disk.list(['object-block'])
      expect(blocks.length).toBe(ada.exchange.list().length * 6)
    }
  })
})

it('asks for the missing indices alone after it was cut off', async () => {
  const net = wire()
  const [ada, ben] = [await openNode(), await openNode()]
  ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
  const { hash } = await ada.exchange.publish({ payload: pattern(300_000), ttl: 86_400 })
  let frames = 0
  net.tap = (from, _to, frame) => (from === 'ada' && ++frames > 30 ? null : frame)
  const first = await openExchange({ store: ben.store })
  const attached = first.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
  for (let i = 0; i < 50 && frames < 40; i++) await settled()
  const had = first.status(hash)?.chunks ?? 0
  expect(had).toBeGreaterThan(10)
  await attached.detach()
  await first.close()
  net.tap = (_from, _to, frame) => frame
  net.frames.length = 0
  const again = await openExchange({ store: ben.store })
  again.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
  await again.completed(hash, { signal: AbortSignal.timeout(20_000) })
  const blocks = net.frames.filter(({ from, frame }) => from === 'ada' && frame[1] === 7)
  expect(blocks.length).toBe(76 - had)
  await again.close()
})
