// Objects between nodes: who gets what, in which order, and what stays.
import { equalBytes, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { createObject, decodeMessage, type ObjectHash, openExchange } from '@hyphae/objects'
import { memoryStore } from '@hyphae/store'
import { virtualClock } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { openNode, settled, type TestNode } from './support/nodes.js'
import { BROAD, type Wire, wire } from './support/wire.js'
import { pattern } from './support/world.js'

/** Patience for one thing to happen. */
const soon = {
  get signal(): AbortSignal {
    return AbortSignal.timeout(20_000)
  },
}

async function pair(net: Wire = wire(), traits = BROAD): Promise<[TestNode, TestNode]> {
  const [ada, ben] = [await openNode(), await openNode()]
  ada.exchange.attach({ link: net.link('ada'), traits, peers: ['ben'] })
  ben.exchange.attach({ link: net.link('ben'), traits, peers: ['ada'] })
  return [ada, ben]
}

const kindOf = (frame: Uint8Array): string =>
  decodeMessage({ kind: frame[1] ?? 0, body: frame.subarray(5) }).kind

describe('an object', () => {
  it.each([0, 1, 3988, 3989, 124 * 3988, 124 * 3988 + 1])('of %i bytes arrives whole', async (size) => {
    const [ada, ben] = await pair()
    const payload = pattern(size)
    const { hash } = await ada.exchange.publish({ payload })
    await ben.exchange.completed(hash, soon)
    expect(toHex((await ben.exchange.read(hash)) ?? new Uint8Array(1))).toBe(toHex(payload))
    expect(ben.exchange.status(hash)).toMatchObject({ complete: true, waiting: undefined })
    if (size > 5000) expect(await ben.exchange.readPart(hash, 3980, 20)).toEqual(payload.slice(3980, 4000))
  })

  it('is pushed whole when it is small and the link is broad, and travels in frames of the fixed sizes', async () => {
    const net = wire()
    const [ada, ben] = await pair(net)
    await settled()
    net.frames.length = 0
    const { hash } = await ada.exchange.publish({ payload: pattern(1500) })
    await ben.exchange.completed(hash, soon)
    expect(net.frames.map(({ frame }) => [kindOf(frame), frame.length])).toEqual([['object', 2048]])
  })

  it('is announced by a digest above 10 kbps and by a hint below, and then asked for', async () => {
    for (const [bandwidthBps, kinds] of [
      [1_000_000, ['digest', 'request', 'block']],
      [10_000, ['hint', 'want', 'object']],
    ] as const) {
      const net = wire()
      const [ada, ben] = await pair(net, { ...BROAD, bandwidthBps })
      await settled()
      net.frames.length = 0
      const { hash } = await ada.exchange.publish({ payload: pattern(1500) })
      await ben.exchange.completed(hash, soon)
      expect(net.frames.map(({ frame }) => kindOf(frame))).toEqual(kinds)
    }
  })

  it('is held for others and passed on by a node in the middle, after the publisher has gone', async () => {
    const net = wire()
    const [ada, mid, ben] = [await openNode(), await openNode(), await openNode()]
    const first = ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['mid'] })
    mid.exchange.attach({ link: net.link('mid'), traits: BROAD, peers: ['ada', 'ben'] })
    const payload = pattern(50_000)
    const { hash } = await ada.exchange.publish({ payload })
    await mid.exchange.completed(hash, soon)
    await first.detach()
    ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['mid'] })
    await ben.exchange.completed(hash, soon)
    expect(await ben.exchange.read(hash)).toEqual(payload)
  })

  it('is fetched from several neighbours at once, no block twice', async () => {
    const net = wire()
    const nodes = [await openNode(), await openNode(), await openNode()] as const
    const [ada, eve, ben] = nodes
    const payload = pattern(500_000)
    const object = await ada.exchange.publish({ payload })
    await eve.exchange.put(object)
    for (const [node, name] of [
      [ada, 'ada'],
      [eve, 'eve'],
    ] as const)
      node.exchange.attach({ link: net.link(name), traits: BROAD, peers: ['ben'] })
    ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada', 'eve'] })
    await ben.exchange.completed(object.hash, soon)
    const blocks = net.frames.filter(({ frame }) => kindOf(frame) === 'block')
    expect(new Set(blocks.map(({ from }) => from)).size).toBe(2)
    expect(blocks.length).toBe(126 + 2 + 1)
  })

  it('of a critical kind overtakes a lazy one between two blocks', async () => {
    const net = wire()
    const [ada, ben] = await pair(net, { ...BROAD, bandwidthBps: 900_000 })
    const lazy = await ada.exchange.publish({ payload: pattern(700_000), priority: 'lazy' })
    let blocks = 0
    let critical: ObjectHash | undefined
    net.tap = (_from, _to, frame) => {
      if (kindOf(frame) === 'block') blocks += 1
      if (blocks === 10 && critical === undefined) {
        critical = lazy.hash
        void ada.exchange.publish({ payload: pattern(20_000, 9), priority: 'critical' }).then(({ hash }) => {
          critical = hash
        })
      }
      return frame
    }
    const order: string[] = []
    ben.exchange.listen((event) => {
      if (event.type === 'complete') order.push(event.description.header.priority)
    })
    await ben.exchange.completed(lazy.hash, soon)
    expect(order).toEqual(['critical', 'lazy'])
    const sent = net.frames.filter(({ frame }) => kindOf(frame) === 'block')
    const ofCritical = sent.flatMap(({ frame }, i) =>
      equalBytes(frame.subarray(7, 39), critical as ObjectHash) ? [i] : [],
    )
    expect(ofCritical.length).toBe(7)
    expect((ofCritical.at(-1) as number) - (ofCritical[0] as number)).toBeLessThan(60)
    expect(sent.length - (ofCritical.at(-1) as number)).toBeGreaterThan(80)
  })

  it('is only described where a node wants no more, until it is fetched', async () => {
    const net = wire()
    const ada = await openNode()
    const ben = await openNode({ accept: ({ header }) => (header.use === 7 ? 'ignore' : 'describe') })
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
    const ignored = await ada.exchange.publish({ payload: pattern(10), use: 7 })
    const { hash } = await ada.exchange.publish({ payload: pattern(20_000) })
    await settled()
    expect(ben.exchange.status(ignored.hash)).toBeUndefined()
    expect(ben.exchange.status(hash)).toMatchObject({ chunks: 0, complete: false })
    await ben.exchange.fetch(hash)
    await ben.exchange.completed(hash, soon)
    await expect(ben.exchange.fetch(ignored.hash)).rejects.toMatchObject({ code: 'objects/unknown' })
  })

  it('is gone when its time is over, with every node counting for itself', async () => {
    const net = wire()
    const [here, there] = [virtualClock(1e12), virtualClock(1e12 + 10 * 365 * 86_400_000)]
    const [ada, ben] = [await openNode({ clock: here }), await openNode({ clock: there })]
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
    const { hash } = await ada.exchange.publish({ payload: pattern(9000), ttl: 600 })
    await ben.exchange.completed(hash, soon)
    await there.advance(500_000)
    expect(ben.exchange.status(hash)).toMatchObject({ remaining: 100 })
    await there.advance(200_000)
    expect(ben.exchange.status(hash)).toBeUndefined()
    expect(ben.events.at(-1)).toMatchObject({ type: 'dropped', reason: 'expired' })
    expect((await ben.store.list(['object-block'])).length).toBe(0)
    expect(ada.exchange.status(hash)).toMatchObject({ complete: true })
  })
})

describe('a mutable object', () => {
  const owner = crypto.ed25519.generate()
  const name = Uint8Array.of(1, 2, 3)

  it('gives way to its next version, when that is whole, and never comes back', async () => {
    const [ada, ben] = await pair()
    const versions = [1, 2].map((sequence) => ({
      payload: pattern(9000, sequence),
      owner,
      version: { name, sequence },
    }))
    const [one, two] = versions as [(typeof versions)[0], (typeof versions)[0]]
    const first = await ada.exchange.publish(one)
    await ben.exchange.completed(first.hash, soon)
    const second = await ada.exchange.publish(two)
    await ben.exchange.completed(second.hash, soon)
    expect(ben.exchange.list().map(({ description }) => description.header.sequence)).toEqual([2])
    await expect(ada.exchange.put(first)).rejects.toMatchObject({ code: 'objects/outdated' })
    const again = await openExchange({ store: ben.store })
    await expect(again.put(first)).rejects.toMatchObject({ code: 'objects/outdated' })
    await again.close()
  })

  it('of one sequence with two contents is the same one everywhere', async () => {
    const [ada, ben] = [await openNode(), await openNode()]
    const make = (seed: number) => ({ payload: pattern(10, seed), owner, version: { name, sequence: 5 } })
    const one = await ada.exchange.publish(make(1))
    const two = await ben.exchange.publish(make(2))
    await Promise.allSettled([ada.exchange.put(two), ben.exchange.put(one)])
    const kept = [ada, ben].map(({ exchange }) =>
      exchange.list().map(({ description }) => toHex(description.hash)),
    )
    expect(kept[0]).toEqual(kept[1])
    expect(kept[0]?.length).toBe(1)
  })
})

it('an ephemeral object reaches who is there and is stored by nobody', async () => {
  const [ada, ben] = await pair()
  await settled()
  const { hash } = await ada.exchange.publish({ payload: pattern(500), ephemeral: true, ttl: 60 })
  await ben.exchange.completed(hash, soon)
  expect(await ben.exchange.read(hash)).toEqual(pattern(500))
  for (const { store } of [ada, ben])
    for (const table of ['object', 'object-have', 'object-block'])
      expect(await store.list([table])).toEqual([])
  const again = await openExchange({ store: ben.store })
  expect(again.status(hash)).toBeUndefined()
  await again.close()
})

describe('the quota', () => {
  it('drops lazy before normal before critical, and never its own', async () => {
    const net = wire()
    const ada = await openNode()
    const ben = await openNode({ quotaBytes: 200_000 })
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    const own = await ben.exchange.publish({ payload: pattern(60_000, 1), priority: 'lazy' })
    ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['ada'] })
    const sent = []
    for (const [i, priority] of (['lazy', 'normal', 'critical', 'critical'] as const).entries()) {
      const object = await ada.exchange.publish({ payload: pattern(40_000, i + 2), priority })
      sent.push(object.hash)
      await ben.exchange.completed(object.hash, soon)
    }
    const here = sent.map((hash) => ben.exchange.status(hash)?.complete)
    expect(here).toEqual([undefined, undefined, true, true])
    expect(ben.exchange.status(own.hash)?.complete).toBe(true)
    expect(ben.events.filter(({ type }) => type === 'dropped')).toMatchObject([
      { reason: 'full' },
      { reason: 'full' },
    ])
  })

  it('refuses one of its own that does not fit, and leaves nothing of it', async () => {
    const { exchange, store } = await openNode({ quotaBytes: 10_000 })
    await expect(exchange.publish({ payload: pattern(20_000) })).rejects.toMatchObject({
      code: 'objects/full',
    })
    expect(exchange.list()).toEqual([])
    expect(await store.list(['object-block'])).toEqual([])
  })
})

it('hostile 47: an object that is not what its description says is not put', async () => {
  const { exchange, store } = await openNode()
  const object = createObject(crypto, { payload: pattern(9000), created: 1 })
  const wrong = { ...object, payload: pattern(9000, 2) }
  await expect(exchange.put(wrong)).rejects.toMatchObject({ code: 'objects/bad-payload' })
  await expect(exchange.put({ ...object, payload: pattern(8999) })).rejects.toMatchObject({
    code: 'objects/bad-payload',
  })
  expect(await store.list(['object'])).toEqual([])
})

it('a closed exchange takes nothing', async () => {
  const exchange = await openExchange({ store: memoryStore() })
  await exchange.close()
  await expect(exchange.publish({ payload: pattern(1) })).rejects.toMatchObject({ code: 'objects/closed' })
})
