import { readFileSync } from 'node:fs'
import { silentLogger } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { virtualClock } from '@hyphae/testkit'
import { ClassicLevel } from 'classic-level'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeDue } from '../../src/engine/due.js'
import { openEmbedded } from '../../src/engine/embedded.js'
import { DUE_RANGE } from '../../src/engine/keys.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { cursorsOf, type EngineFixture, openEngine, random } from '../support/engine.js'
import { temporaryFolder } from '../support/relay.js'

const DAY = 86_400_000
const never = new AbortController().signal
const BINARY = { keyEncoding: 'view', valueEncoding: 'view' } as const

describe('expiry', () => {
  let fixture: EngineFixture
  afterEach(() => fixture.dispose())

  it('takes frames of short classes out from between those that stay', async () => {
    fixture = await openEngine()
    const { engine, clock } = fixture
    const box = random(32)
    const classes = [30, 1, 14, 1, 7, 30] as const
    for (const ttl of classes) await engine.put(box, random(16), random(128), { ttl })
    const all = await cursorsOf(engine, box)
    const left = async (days: number): Promise<number[]> => {
      await clock.advance(days * DAY)
      await engine.sweep(never)
      return cursorsOf(engine, box)
    }
    const of = (...kept: number[]): number[] => all.filter((_, i) => kept.includes(classes[i] as number))
    expect(await left(0.9)).toEqual(all)
    expect(await left(1)).toEqual(of(7, 14, 30))
    await fixture.reopen()
    expect(await cursorsOf(fixture.engine, box)).toEqual(of(7, 14, 30))
    expect(await engineLeft(8)).toEqual(of(14, 30))
    expect(await engineLeft(8)).toEqual(of(30))
    expect(await engineLeft(18)).toEqual([])
    expect(await fixture.engine.stats()).toMatchObject({ boxes: 0, bytes: 0 })

    async function engineLeft(days: number): Promise<number[]> {
      await clock.advance(days * DAY)
      await fixture.engine.sweep(never)
      return cursorsOf(fixture.engine, box)
    }
  })

  it('takes frames that share an entry out of it as they fall due, and their ids with them', async () => {
    fixture = await openEngine({ framesPerBox: 500 })
    const { engine, clock } = fixture
    const box = random(32)
    const ids = Array.from({ length: 300 }, () => random(16))
    const frame = random(128)
    // Together, so that they become durable together.
    await Promise.all(ids.map((id) => engine.put(box, id, frame, { ttl: 7 })))
    const all = await cursorsOf(engine, box)
    await clock.advance(7.2 * DAY)
    await engine.sweep(never)
    await fixture.reopen()
    const left = new Set(await cursorsOf(fixture.engine, box))
    expect(left.size).toBeGreaterThan(0)
    expect(left.size).toBeLessThan(300)
    // The id of a frame is free once the frame is gone, and not before.
    for (const id of ids) await fixture.engine.put(box, id, frame)
    expect(await cursorsOf(fixture.engine, box)).toHaveLength(300)
    expect(all.filter((cursor) => left.has(cursor))).toHaveLength(left.size)
    await clock.advance(DAY)
    await fixture.engine.sweep(never)
    // Those of the second time are of the longest class.
    expect(await cursorsOf(fixture.engine, box)).toHaveLength(300 - left.size)
    await clock.advance(40 * DAY)
    await fixture.engine.sweep(never)
    expect(await fixture.engine.stats()).toMatchObject({ boxes: 0, bytes: 0 })
  })

  it('is spread, so that what lies in the store does not say when a frame came', async () => {
    fixture = await openEngine({ framesPerBox: 500 })
    const { engine, clock, folder } = fixture
    const box = random(32)
    const began = clock.now()
    for (let i = 0; i < 300; i++) await engine.put(box, random(16), random(128), { ttl: 7 })
    await engine.close()
    // Opening and closing once more carries the journal into the database.
    await (await openEmbedded({ folder, limits: DEFAULT_LIMITS, clock, logger: silentLogger })).close()
    const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, BINARY)
    const due = (await level.iterator(DUE_RANGE).all()).map(
      ([key, value]) => decodeDue(key, value).at - began,
    )
    const rows = await level.iterator().all()
    await level.close()
    expect(due).toHaveLength(300)
    expect(Math.min(...due)).toBeGreaterThanOrEqual(7 * DAY)
    expect(Math.max(...due)).toBeLessThanOrEqual(7 * DAY * 1.125)
    expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(0.5 * DAY)
    // No row holds the time itself, in either order of bytes.
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(began))
    for (const [key, value] of rows)
      for (const bytes of [Buffer.from(key), Buffer.from(value)]) {
        expect(bytes.includes(time)).toBe(false)
        expect(bytes.includes(Buffer.from(time).reverse())).toBe(false)
      }
    fixture = await openEngine()
  })
})

interface FirstStore {
  readonly now: number
  readonly stats: object
  readonly entries: readonly (readonly [string, string])[]
}

describe('a store of the first layout', () => {
  const path = new URL('fixtures/first-store.json', import.meta.url)
  const first = JSON.parse(readFileSync(path, 'utf8')) as FirstStore
  const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
  const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

  async function fill(path: string, entries: FirstStore['entries']): Promise<void> {
    const level = new ClassicLevel<Uint8Array, Uint8Array>(path, BINARY)
    await level.batch(entries.map(([key, value]) => ({ type: 'put', key: bytes(key), value: bytes(value) })))
    await level.close()
  }

  it('hostile 53: is read, loses what is due when it is due, and remembers ids as long as before', async () => {
    const folder = await temporaryFolder()
    await fill(folder.path, first.entries)
    const clock = virtualClock(first.now)
    const options = { folder: folder.path, limits: DEFAULT_LIMITS, clock, logger: silentLogger }
    let engine = await openEmbedded(options)
    expect(await engine.stats()).toMatchObject(first.stats)
    expect(await cursorsOf(engine, seed(1))).toEqual([5])
    expect(await cursorsOf(engine, seed(0))).toEqual([2, 4, 6])
    expect([...((await engine.getBlob(crypto.sha256(seed(7)))) ?? [])]).toEqual([...seed(7)])
    const writer = crypto.ed25519.importSeed(seed(3)).publicKey
    expect(await engine.remaining(writer, 1)).toBe(1)
    expect((await engine.lookup(seed(9))).map(({ sequence }) => sequence)).toEqual([4])
    // Frames 1 and 3 came 6 and 4 days ago and are acknowledged.
    expect(await engine.put(seed(1), new Uint8Array(16).fill(1), random(128))).toBeNull()
    expect(await cursorsOf(engine, seed(1))).toEqual([5])
    await engine.close()
    engine = await openEmbedded(options)
    await clock.advance(2 * DAY)
    await engine.sweep(never)
    await engine.put(seed(1), new Uint8Array(16).fill(1), random(128))
    await engine.put(seed(1), new Uint8Array(16).fill(3), random(128))
    expect(await cursorsOf(engine, seed(1))).toHaveLength(2)
    await clock.advance(25 * DAY)
    await engine.sweep(never)
    expect(await cursorsOf(engine, seed(0))).toEqual([6])
    await engine.close()
    await folder.remove()
  })

  it('hostile 38: counts what it remembers from the start, although the first layout did not', async () => {
    const folder = await temporaryFolder()
    await fill(folder.path, first.entries)
    const clock = virtualClock(first.now)
    const { bytes: held } = first.stats as { bytes: number }
    const options = { folder: folder.path, clock, logger: silentLogger }
    const limits = { ...DEFAULT_LIMITS, storedBytes: held + 128 }
    const engine = await openEmbedded({ ...options, limits })
    expect(await engine.put(random(32), random(16), random(128))).toMatchObject({ refused: 'storage-failed' })
    await engine.close()
    await folder.remove()
  })

  it('hostile 30: half moved, because the process ended, is moved the rest of the way', async () => {
    const folder = await temporaryFolder()
    await fill(folder.path, first.entries)
    const clock = virtualClock(first.now)
    const options = { folder: folder.path, limits: DEFAULT_LIMITS, clock, logger: silentLogger }
    await (await openEmbedded(options)).close()
    // Some of the old entries again, as if they had not been moved yet.
    const old = first.entries.filter(([key]) => key.startsWith('74')).slice(0, 3)
    await fill(folder.path, old)
    const engine = await openEmbedded(options)
    expect(await engine.stats()).toMatchObject(first.stats)
    await clock.advance(40 * DAY)
    await engine.sweep(never)
    expect(await engine.stats()).toMatchObject({ boxes: 0, frames: { 128: 0, 512: 0 } })
    await engine.close()
    await folder.remove()
  })
})
