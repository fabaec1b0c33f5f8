// Neighbours that lie, flood and ask for everything: nothing wrong is kept, nothing grows, others are served.
import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  buildTree,
  createObject,
  type DataObject,
  type Entry,
  MAX_ASKS,
  MAX_FAULTS,
  MAX_OBJECTS,
  MAX_OPEN_MESSAGES,
} from '@hyphae/objects'
import { virtualClock } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { codes, openNode, settled, type TestNode } from '../support/nodes.js'
import { type Stranger, stranger } from '../support/stranger.js'
import { BROAD, type Wire, wire } from '../support/wire.js'
import { pattern } from '../support/world.js'

interface Scene {
  readonly net: Wire
  readonly ben: TestNode
  readonly eve: Stranger
}

async function scene(options: Parameters<typeof openNode>[0] = {}): Promise<Scene> {
  const net = wire()
  const eve = stranger(net, 'eve', 'ben')
  const ben = await openNode(options)
  ben.exchange.attach({ link: net.link('ben'), traits: BROAD, peers: ['eve', 'ada'], name: 'wire' })
  await eve.say({ kind: 'hello', greet: false })
  await settled()
  return { net, ben, eve }
}

const make = (size: number, seed = 1): DataObject =>
  createObject(crypto, { payload: pattern(size, seed), created: seed, ttl: 3600 })
const entryOf = ({ headerBytes }: DataObject): Entry => ({ remaining: 3600, headerBytes })

async function tables({ store }: TestNode): Promise<string> {
  const rows = await Promise.all(
    ['object', 'object-have', 'object-block', 'object-slot'].map((name) => store.list([name])),
  )
  return rows
    .flat()
    .map(({ key, value }) => `${key.join()}=${toHex(value)}`)
    .sort()
    .join('\n')
}

describe('hostile 47: a block', () => {
  const object = make(20_000)
  const blocks = buildTree(object.payload).blocks as Uint8Array[]
  const flipped = (data: Uint8Array): Uint8Array => data.map((byte, i) => (i === 7 ? byte ^ 4 : byte))

  it.each([
    ['that is wrong in a bit', 1, () => flipped(blocks[1] as Uint8Array)],
    ['that is another one', 1, () => blocks[2] as Uint8Array],
    ['cut short', 1, () => (blocks[1] as Uint8Array).subarray(1)],
    ['that is empty', 1, () => new Uint8Array()],
    ['of a number that there is not', 6, () => blocks[1] as Uint8Array],
    ['of a huge number', 2 ** 32 - 1, () => blocks[1] as Uint8Array],
  ])('%s is refused, changes nothing, and its sender is asked no more', async (_what, block, data) => {
    const { ben, eve } = await scene()
    await eve.say({ kind: 'object', entry: entryOf(object), payload: undefined })
    await eve.say({ kind: 'block', hash: object.hash, block: 0, data: blocks[0] as Uint8Array })
    await settled()
    const before = await tables(ben)
    const asked = eve.of('request').length
    await eve.say({ kind: 'block', hash: object.hash, block, data: data() })
    await settled()
    expect(codes(ben.events)).toEqual(['objects/wrong-block'])
    expect(await tables(ben)).toBe(before)
    expect(eve.of('request').length).toBe(asked)
    expect(ben.exchange.status(object.hash)).toMatchObject({ complete: false, chunks: 0, waiting: 'source' })
  })

  it('whose parent is not here cannot be checked, and is refused', async () => {
    const { ben, eve } = await scene()
    await eve.say({ kind: 'object', entry: entryOf(object), payload: undefined })
    await eve.say({ kind: 'block', hash: object.hash, block: 3, data: blocks[3] as Uint8Array })
    await settled()
    expect(codes(ben.events)).toEqual(['objects/wrong-block'])
  })

  it('comes right from another neighbour after one that lies', async () => {
    const { net, ben, eve } = await scene()
    await eve.say({ kind: 'object', entry: entryOf(object), payload: undefined })
    await settled()
    await eve.say({ kind: 'block', hash: object.hash, block: 0, data: flipped(blocks[0] as Uint8Array) })
    const ada = await openNode()
    await ada.exchange.put(object)
    ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
    await ben.exchange.completed(object.hash, { signal: AbortSignal.timeout(20_000) })
    expect(await ben.exchange.read(object.hash)).toEqual(object.payload)
  })

  it('that nobody asked for, of an object that nobody described, is nobody’s', async () => {
    const { ben, eve } = await scene()
    const before = await tables(ben)
    await eve.say({ kind: 'block', hash: object.hash, block: 0, data: blocks[0] as Uint8Array })
    await settled()
    expect(await tables(ben)).toBe(before)
    expect(codes(ben.events)).toEqual([])
  })
})

it('a pushed payload that is not the one described is refused', async () => {
  const { ben, eve } = await scene()
  const object = make(500)
  await eve.say({ kind: 'object', entry: entryOf(object), payload: pattern(500, 2) })
  await settled()
  expect(codes(ben.events)).toEqual(['objects/wrong-block'])
  expect(ben.exchange.status(object.hash)?.complete).toBe(false)
  await eve.say({ kind: 'object', entry: entryOf(object), payload: object.payload })
  await settled()
  expect(ben.exchange.status(object.hash)?.complete).toBe(true)
})

it('one who asks for everything again and again gets four times as much and no more, and others are served', async () => {
  const { net, ben, eve } = await scene()
  const object = await ben.exchange.publish({ payload: pattern(200_000), ttl: 3600 })
  const all = { kind: 'ranges', bytes: Uint8Array.of(0, 0, 0, 0, 52, 0, 0, 0) } as const
  for (let i = 0; i < 30; i++) {
    await eve.say(
      { kind: 'request', hash: object.hash, blocks: all },
      { kind: 'want', hashes: [object.hash] },
    )
    await settled()
  }
  const got = eve.of('block').reduce((sum, { data }) => sum + data.length, 0)
  expect(got).toBeGreaterThan(200_000)
  expect(got).toBeLessThanOrEqual(4 * (200_000 + 52 * 32))
  expect(eve.of('lack').length).toBeGreaterThan(0)
  const ada = await openNode()
  ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
  await ada.exchange.completed(object.hash, { signal: AbortSignal.timeout(20_000) })
})

it('hostile 2: requests for more than there is are refused, whatever they claim', async () => {
  const { ben, eve } = await scene()
  const object = await ben.exchange.publish({ payload: pattern(9000), ttl: 3600 })
  const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)
  const claims = [
    u32(0, 2 ** 32 - 1),
    u32(2 ** 32 - 1, 1),
    u32(0, 0),
    u32(2, 1, 0, 1),
    u32(0, 2, 2, 1),
    new Uint8Array(),
  ]
  for (const bytes of claims)
    await eve.say({ kind: 'request', hash: object.hash, blocks: { kind: 'ranges', bytes } })
  const bits = [
    Uint8Array.of(0, 0, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 0, 1, 0),
    Uint8Array.of(255, 255, 255, 255, 1),
  ]
  for (const bytes of bits)
    await eve.say({ kind: 'request', hash: object.hash, blocks: { kind: 'bitmap', bytes } })
  await settled()
  expect(codes(ben.events)).toEqual([...claims, ...bits].map(() => 'objects/bad-message'))
  expect(eve.of('block')).toEqual([])
})

it('a flood of descriptions fills its share, and leaves what others sent', async () => {
  const { net, ben, eve } = await scene({
    accept: ({ header }) => (header.created < 1_000_000 ? 'describe' : 'fetch'),
  })
  const ada = await openNode()
  const attached = ada.exchange.attach({ link: net.link('ada'), traits: BROAD, peers: ['ben'] })
  const kept = await ada.exchange.publish({ payload: pattern(9000), ttl: 3600, priority: 'lazy' })
  await ben.exchange.completed(kept.hash, { signal: AbortSignal.timeout(20_000) })
  await attached.detach()
  const flood = Array.from({ length: MAX_OBJECTS / 2 + 100 }, (_, i) => make(0, i + 1))
  for (let at = 0; at < flood.length; at += 40)
    await eve.say({ kind: 'digest', entries: flood.slice(at, at + 40).map(entryOf) })
  for (let i = 0; i < 100 && codes(ben.events).length === 0; i++) await settled()
  expect(ben.exchange.list().length).toBe(MAX_OBJECTS / 2 + 1)
  expect(ben.exchange.status(kept.hash)?.complete).toBe(true)
  expect(new Set(codes(ben.events))).toEqual(new Set(['objects/full']))
})

it('a flood of hints makes no more questions than may be open', async () => {
  const { eve } = await scene()
  const hashes = Array.from({ length: 5000 }, () => crypto.randomBytes(32))
  for (let at = 0; at < hashes.length; at += 100)
    await eve.say({ kind: 'hint', hashes: hashes.slice(at, at + 100) })
  await settled()
  expect(eve.of('want').flatMap(({ hashes: asked }) => asked).length).toBe(MAX_ASKS)
})

it('hostile 39: messages that never come whole hold a few frames, and one who only sends faults is not heard', async () => {
  const clock = virtualClock(1e12)
  const { ben, eve } = await scene({ clock })
  const piece = (number: number, index: number): Uint8Array => {
    const frame = new Uint8Array(4096)
    frame.set([1, 7, number, index, 34])
    return frame
  }
  for (let number = 0; number < 200; number++) await eve.frame(piece(number, number % 34))
  await settled()
  expect(MAX_OPEN_MESSAGES).toBe(4)
  expect(codes(ben.events)).toEqual([])
  for (let i = 0; i < MAX_FAULTS; i++) await eve.frame(Uint8Array.of(1, 9, i, 3, 2, ...new Uint8Array(123)))
  await settled()
  expect(codes(ben.events).length).toBe(MAX_FAULTS)
  const object = make(100)
  await eve.say({ kind: 'object', entry: entryOf(object), payload: object.payload })
  await settled()
  expect(ben.exchange.status(object.hash)).toBeUndefined()
  await clock.advance(11 * 60_000)
  await eve.say({ kind: 'object', entry: entryOf(object), payload: object.payload })
  await settled()
  expect(ben.exchange.status(object.hash)?.complete).toBe(true)
})

it('hostile 1: any frame is taken or refused, and never breaks the node', async () => {
  const { ben, eve } = await scene()
  const object = make(100)
  for (let i = 0; i < 300; i++) {
    const frame = crypto.randomBytes([128, 512, 2048, 4096][i % 4] as number)
    frame[0] = 1
    frame[1] = i % 12
    frame[4] = 1
    await eve.frame(frame)
  }
  await eve.frame(new Uint8Array())
  await eve.frame(new Uint8Array(5000).fill(1))
  await settled()
  expect(codes(ben.events).every((code) => code.startsWith('objects/'))).toBe(true)
  const other = await openNode()
  await other.exchange.put(object)
  expect(other.exchange.status(object.hash)?.complete).toBe(true)
})

it('hostile 54: questions that get no answer are repeated three times, ever later, and then no more', async () => {
  const clock = virtualClock(1e12)
  const { eve } = await scene({ clock })
  const object = make(20_000)
  await eve.say({ kind: 'object', entry: entryOf(object), payload: undefined })
  await settled()
  const asked = (): number => eve.of('request').length
  expect(asked()).toBe(1)
  await clock.advance(29_000)
  await settled()
  expect(asked()).toBe(1)
  for (const wait of [3_000, 36_000, 40_000]) {
    await clock.advance(wait)
    await settled()
  }
  const after = asked()
  expect(after).toBeGreaterThanOrEqual(3)
  expect(after).toBeLessThanOrEqual(4)
  await clock.advance(3_600_000)
  await settled()
  expect(asked()).toBeLessThanOrEqual(4)
})
