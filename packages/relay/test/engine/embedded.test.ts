import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { MAX_FETCH_BYTES } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it } from 'vitest'
import type { RelayLimits } from '../../src/limits.js'
import { cursorsOf, type EngineFixture, openEngine, random } from '../support/engine.js'

let fixture: EngineFixture
afterEach(() => fixture.dispose())

async function open(limits?: Partial<RelayLimits>): Promise<EngineFixture> {
  fixture = await openEngine(limits)
  return fixture
}

const DAY = 86_400_000

describe('mailboxes', () => {
  it('keep frames, ids, cursors and counters over a restart', async () => {
    const { engine } = await open()
    const box = random(32)
    const ids = Array.from({ length: 20 }, () => random(16))
    for (const id of ids) expect(await engine.put(box, id, random(512))).toBeNull()
    const before = await cursorsOf(engine, box)
    await engine.ack(box, before[4] as number)
    const stats = await engine.stats()
    expect(stats).toMatchObject({ frames: { 512: 15 }, boxes: 1, bytes: 15 * 512 })
    await fixture.reopen()
    expect(await fixture.engine.stats()).toEqual(stats)
    expect(await cursorsOf(fixture.engine, box)).toEqual(before.slice(5))
    expect(await fixture.engine.put(box, ids[0] as Uint8Array, random(512))).toBeNull()
    expect(await cursorsOf(fixture.engine, box)).toEqual(before.slice(5))
    await fixture.engine.put(box, random(16), random(128))
    expect(Math.max(...(await cursorsOf(fixture.engine, box)))).toBeGreaterThan(Math.max(...before))
  })

  it('give cursors that rise even after everything was acknowledged and the relay restarted', async () => {
    const { engine } = await open()
    const box = random(32)
    await engine.put(box, random(16), random(128))
    const [first] = await cursorsOf(engine, box)
    await engine.ack(box, first as number)
    await fixture.reopen()
    await fixture.engine.put(box, random(16), random(128))
    const [second] = await cursorsOf(fixture.engine, box)
    expect(second).toBeGreaterThan(first as number)
  })

  it('store one frame for an id that comes many times at once', async () => {
    const { engine } = await open()
    const box = random(32)
    const id = random(16)
    const puts = await Promise.all(Array.from({ length: 50 }, () => engine.put(box, id, random(128))))
    expect(puts.every((verdict) => verdict === null)).toBe(true)
    expect(await cursorsOf(engine, box)).toHaveLength(1)
  })

  it('an acknowledgement far ahead does not take frames that come later', async () => {
    const { engine } = await open()
    const box = random(32)
    await engine.put(box, random(16), random(128))
    await Promise.all([engine.ack(box, Number.MAX_SAFE_INTEGER), engine.ack(box, 1)])
    expect(await engine.stats()).toMatchObject({ frames: { 128: 0 }, boxes: 0, bytes: 0 })
    await engine.put(box, random(16), random(128))
    expect(await cursorsOf(engine, box)).toHaveLength(1)
  })

  it('hostile 38: hold their quota of frames and no more; other boxes are not affected', async () => {
    const { engine } = await open({ framesPerBox: 10 })
    const box = random(32)
    const puts = await Promise.all(Array.from({ length: 15 }, () => engine.put(box, random(16), random(128))))
    expect(puts.filter((verdict) => verdict === null)).toHaveLength(10)
    expect(puts.filter((verdict) => verdict?.refused === 'box-full')).toHaveLength(5)
    expect(puts.find((verdict) => verdict !== null)?.retryAfterMs).toBeGreaterThan(0)
    expect(await engine.put(random(32), random(16), random(128))).toBeNull()
    await engine.ack(box, (await cursorsOf(engine, box))[0] as number)
    expect(await engine.put(box, random(16), random(128))).toBeNull()
  })

  it('are read in pages that stay under a limit of bytes', async () => {
    const { engine } = await open()
    const box = random(32)
    await Promise.all(Array.from({ length: 200 }, () => engine.put(box, random(16), random(4096))))
    const first = await engine.fetch(box, 0, 1000)
    expect(first.more).toBe(true)
    expect(first.deliveries.length * 4096).toBe(MAX_FETCH_BYTES)
    const after = first.deliveries.at(-1)?.cursor as number
    const second = await engine.fetch(box, after, 1000)
    expect(second.more).toBe(false)
    expect(first.deliveries.length + second.deliveries.length).toBe(200)
  })

  it('lose frames after their life and ids after theirs, and nothing before', async () => {
    const { engine, clock } = await open({ frameLifeMs: 30 * DAY, idLifeMs: 7 * DAY })
    const never = new AbortController().signal
    const [kept, read] = [random(32), random(32)]
    const id = random(16)
    await engine.put(kept, random(16), random(512))
    await engine.put(read, id, random(128))
    await engine.ack(read, (await cursorsOf(engine, read))[0] as number)
    await clock.advance(6 * DAY)
    await engine.sweep(never)
    await engine.put(read, id, random(128))
    expect(await cursorsOf(engine, read)).toEqual([])
    await clock.advance(2 * DAY)
    await engine.sweep(never)
    await engine.put(read, id, random(128))
    expect(await cursorsOf(engine, read)).toHaveLength(1)
    expect(await cursorsOf(engine, kept)).toHaveLength(1)
    await clock.advance(26 * DAY)
    await engine.sweep(never)
    expect(await cursorsOf(engine, kept)).toEqual([])
    expect(await engine.stats()).toMatchObject({ frames: { 512: 0, 128: 1 }, boxes: 1, bytes: 128 })
  })

  it('expire by the thousand, in steps', async () => {
    const { engine, clock } = await open({ framesPerBox: 5000 })
    const boxes = [random(32), random(32)] as const
    const puts = Array.from({ length: 1300 }, (_, i) =>
      engine.put(boxes[i % 2] as Uint8Array, random(16), random(128)),
    )
    await Promise.all(puts)
    await clock.advance(34 * DAY)
    await engine.put(boxes[0], random(16), random(128))
    await engine.sweep(new AbortController().signal)
    expect(await engine.stats()).toMatchObject({ frames: { 128: 1 }, boxes: 1, bytes: 128 })
    await fixture.reopen()
    expect(await cursorsOf(fixture.engine, boxes[0])).toHaveLength(1)
  })
})

describe('directory', () => {
  const writers = Array.from({ length: 9 }, () => crypto.ed25519.generate())
  const record = (n: number, address: Uint8Array, sequence: number, body = 'x') =>
    signDirectoryRecord(crypto, writers[n] as (typeof writers)[number], {
      address,
      sequence,
      body: new TextEncoder().encode(body),
    })

  it('keeps eight writers an address in the order they came, and only rising sequences', async () => {
    const { engine } = await open()
    const address = random(32)
    for (let n = 0; n < 8; n++) expect(await engine.publish(record(n, address, 5))).toBeNull()
    expect(await engine.publish(record(8, address, 5))).toMatchObject({ refused: 'address-full' })
    expect(await engine.publish(record(3, address, 5))).toBeNull()
    expect(await engine.publish(record(3, address, 5, 'y'))).toMatchObject({ refused: 'stale' })
    expect(await engine.publish(record(3, address, 4))).toMatchObject({ refused: 'stale' })
    expect(await engine.publish(record(3, address, 6, 'new'))).toBeNull()
    await fixture.reopen()
    const found = await fixture.engine.lookup(address)
    expect(found.map(({ writer }) => writer)).toEqual(writers.slice(0, 8).map(({ publicKey }) => publicKey))
    expect(found[3]?.sequence).toBe(6)
    expect((await fixture.engine.stats()).records).toBe(8)
  })

  const upload = (sequence: number, items: number, options: { replace?: boolean; last?: number } = {}) =>
    signStockUpload(crypto, writers[0] as (typeof writers)[number], {
      kind: 1,
      sequence,
      items: Array.from({ length: items }, (_, i) => Uint8Array.of(sequence, i)),
      lastResort: options.last === undefined ? new Uint8Array(0) : Uint8Array.of(options.last),
      replace: options.replace ?? false,
    })
  const writer = (writers[0] as (typeof writers)[number]).publicKey

  it('hands out each item once, oldest first, also to many at once, then the last resort', async () => {
    const { engine } = await open()
    expect(await engine.take(writer, 1)).toMatchObject({ found: 'none' })
    expect(await engine.stock(upload(1, 3, { last: 9 }))).toBeNull()
    expect(await engine.stock(upload(1, 3, { last: 9 }))).toBeNull()
    expect(await engine.stock(upload(1, 2))).toMatchObject({ refused: 'stale' })
    expect(await engine.stock(upload(2, 2))).toBeNull()
    expect(await engine.remaining(writer, 1)).toBe(5)
    const taken = await Promise.all(Array.from({ length: 7 }, () => engine.take(writer, 1)))
    const items = taken.map((one) => ('item' in one ? [...one.item].join() : 'refused'))
    expect(items).toEqual(['1,0', '1,1', '1,2', '2,0', '2,1', '9', '9'])
    expect(await engine.remaining(writer, 2)).toBe(0)
    expect(await engine.stats()).toMatchObject({ items: 0, bytes: 1 })
  })

  it('drops earlier items on replace and refuses more than a stock holds', async () => {
    const { engine } = await open()
    for (let n = 1; n <= 4; n++) expect(await engine.stock(upload(n, 256))).toBeNull()
    expect(await engine.stock(upload(5, 1))).toMatchObject({ refused: 'stock-full' })
    expect(await engine.stock(upload(5, 2, { replace: true }))).toBeNull()
    expect(await engine.take(writer, 1)).toEqual({ found: 'one-time', item: expect.anything() })
    await fixture.reopen()
    expect(await fixture.engine.remaining(writer, 1)).toBe(1)
    expect(await fixture.engine.stats()).toMatchObject({ items: 1, bytes: 2 })
  })
})

describe('blobs', () => {
  it('stay for their life, and longer when they are put again', async () => {
    const { engine, clock } = await open({ blobLifeMs: 30 * DAY })
    const never = new AbortController().signal
    const [a, b] = [random(32), random(32)]
    await engine.putBlob(a, random(4096))
    await engine.putBlob(b, random(100))
    await clock.advance(20 * DAY)
    await engine.putBlob(a, random(4096))
    await clock.advance(15 * DAY)
    await engine.sweep(never)
    expect(await engine.hasBlob(a)).toBe(true)
    expect(await engine.getBlob(b)).toBeUndefined()
    expect(await engine.stats()).toMatchObject({ blobs: 1, bytes: 4096 })
    await clock.advance(20 * DAY)
    await engine.sweep(never)
    expect(await engine.stats()).toMatchObject({ blobs: 0, bytes: 0 })
  })
})

describe('a full relay', () => {
  it('stores nothing new beyond its limit of bytes, and goes on when there is room', async () => {
    const { engine } = await open({ storedBytes: 1000 })
    const box = random(32)
    expect(await engine.put(box, random(16), random(512))).toBeNull()
    expect(await engine.put(box, random(16), random(512))).toMatchObject({ refused: 'storage-failed' })
    expect(await engine.putBlob(random(32), random(600))).toMatchObject({ refused: 'storage-failed' })
    await engine.ack(box, (await cursorsOf(engine, box))[0] as number)
    expect(await engine.putBlob(random(32), random(600))).toBeNull()
  })

  it('hostile 38: is not filled by frames that are put and acknowledged: their ids and uses count too', async () => {
    const { clock } = await open({ storedBytes: 10_000, idLifeMs: 7 * DAY })
    const box = random(32)
    const until = clock.now() + DAY
    const turn = async () => {
      const spend = { name: random(32), most: 1, until }
      const verdict = await fixture.engine.put(box, random(16), random(128), { spend })
      await fixture.engine.ack(box, Number.MAX_SAFE_INTEGER)
      return verdict?.refused
    }
    const turns = async () => {
      let taken = 0
      while (taken < 100 && (await turn()) === undefined) taken += 1
      return taken
    }
    const first = await turns()
    expect(first).toBeGreaterThan(20)
    expect(first).toBeLessThan(50)
    await fixture.reopen()
    expect(await turn()).toBe('storage-failed')
    await clock.advance(8 * DAY)
    await fixture.engine.sweep(new AbortController().signal)
    expect(await fixture.engine.stats()).toMatchObject({ bytes: 0 })
    expect(await turns()).toBe(first)
  })
})
