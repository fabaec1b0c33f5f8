/** What every engine has to do, whatever it keeps its data in. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { VirtualClock } from '@hyphae/testkit'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { bucketOf, MAX_FETCH_BYTES, MAX_RECORD_PAGE_BYTES } from '@hyphae/transport-relay/wire'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RecordPage, RecordPlace, RelayEngine, Verdict } from '../../src/engine/engine.js'
import { boxName } from '../../src/engine/keys.js'
import type { RelayLimits } from '../../src/limits.js'
import { cursorsOf, random } from '../support/engine.js'
import { rowsCompliance } from './rows-compliance.js'

export interface SubjectFixture {
  engine: RelayEngine
  readonly clock: VirtualClock
  /** Closes the engine and opens the same data again. */
  reopen(): Promise<void>
  /** Another engine over the same data at the same time. */
  second?(): Promise<RelayEngine>
  dispose(): Promise<void>
}

export type OpenSubject = (limits: Partial<RelayLimits>) => Promise<SubjectFixture>

export interface SubjectOptions {
  /** Why the suite cannot run here. */
  readonly missing?: string | undefined
  /** One process at a time may use the data. */
  readonly alone?: boolean
}

const DAY = 86_400_000
const HOUR = 3_600_000
/** Without a random part in times, so that tests can say when something is gone. */
const EXACT = { expiryJitter: 0 }

const never = new AbortController().signal
const writers = Array.from({ length: 9 }, () => crypto.ed25519.generate())
const text = (value: string): Uint8Array => Buffer.from(value)

/** Engines give views of whatever they read. */
function plain<T>(value: T): T {
  if (value instanceof Uint8Array) return Buffer.from(value) as T & Buffer
  if (Array.isArray(value)) return value.map(plain) as T & unknown[]
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)])) as T & object
}

function record(n: number, address: Uint8Array, sequence: number, body = 'x') {
  const writer = writers[n] as (typeof writers)[number]
  return signDirectoryRecord(crypto, writer, { address, sequence, body: text(body) })
}

function upload(
  writer: (typeof writers)[number],
  sequence: number,
  items: number,
  options: { replace?: boolean; last?: number } = {},
) {
  return signStockUpload(crypto, writer, {
    kind: 1,
    sequence,
    items: Array.from({ length: items }, (_, i) => Uint8Array.of(sequence, i >> 8, i & 255)),
    lastResort: options.last === undefined ? new Uint8Array(0) : Uint8Array.of(options.last),
    replace: options.replace ?? false,
  })
}

const refusals = (verdicts: readonly Verdict[]): (string | undefined)[] => verdicts.map((one) => one?.refused)
const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

/** A box whose bucket is this box's. */
function neighbour(box: Uint8Array): Uint8Array {
  const other = random(32)
  other.set(box.subarray(0, 4))
  return other
}

async function framesOf(engine: RelayEngine, box: Uint8Array): Promise<Uint8Array[]> {
  return (await engine.fetch(box, 0, 10_000)).deliveries.map(({ frame }) => Uint8Array.from(frame))
}

type Open = (limits?: Partial<RelayLimits>) => Promise<SubjectFixture>

function mailboxes(open: Open): void {
  it('give frames back as they came, oldest first, with rising cursors', async () => {
    const { engine } = await open()
    const box = random(32)
    const frames = times(20, (n) => random([128, 512, 2048, 4096][n % 4] as number))
    for (const frame of frames) expect(await engine.put(box, random(16), frame)).toBeNull()
    expect(await framesOf(engine, box)).toEqual(frames)
    const cursors = await cursorsOf(engine, box)
    expect([...cursors].sort((a, b) => a - b)).toEqual(cursors)
    expect(new Set(cursors).size).toBe(20)
    expect(cursors[0]).toBeGreaterThan(0)
    const page = await engine.fetch(box, cursors[4] as number, 5)
    expect(page.more).toBe(true)
    expect(page.deliveries.map(({ cursor }) => cursor)).toEqual(cursors.slice(5, 10))
  })

  it('store one frame for an id, also when it comes many times at once, acknowledged or after a restart', async () => {
    const fixture = await open()
    const box = random(32)
    const id = random(16)
    const puts = await Promise.all(times(50, () => fixture.engine.put(box, id, random(128))))
    expect(refusals(puts)).toEqual(times(50, () => undefined))
    const [cursor] = await cursorsOf(fixture.engine, box)
    expect(await cursorsOf(fixture.engine, box)).toHaveLength(1)
    await fixture.engine.ack(box, cursor as number)
    expect(await fixture.engine.put(box, id, random(128))).toBeNull()
    expect(await cursorsOf(fixture.engine, box)).toEqual([])
    await fixture.reopen()
    expect(await fixture.engine.put(box, id, random(128))).toBeNull()
    expect(await cursorsOf(fixture.engine, box)).toEqual([])
    expect(await fixture.engine.put(neighbour(box), id, random(128))).toBeNull()
  })

  it('forget what is acknowledged up to a cursor, and nothing behind it', async () => {
    const fixture = await open()
    const box = random(32)
    const other = neighbour(box)
    await Promise.all(times(12, () => fixture.engine.put(box, random(16), random(128))))
    await fixture.engine.put(other, random(16), random(128))
    const cursors = await cursorsOf(fixture.engine, box)
    expect(await fixture.engine.ack(box, cursors[4] as number)).toBeNull()
    expect(await fixture.engine.ack(box, cursors[2] as number)).toBeNull()
    expect(await cursorsOf(fixture.engine, box)).toEqual(cursors.slice(5))
    expect(await cursorsOf(fixture.engine, other)).toHaveLength(1)
    await fixture.reopen()
    expect(await cursorsOf(fixture.engine, box)).toEqual(cursors.slice(5))
  })

  it('give cursors that rise even after everything was acknowledged and the relay restarted', async () => {
    const fixture = await open()
    const box = random(32)
    const seen: number[] = []
    for (let n = 0; n < 3; n++) {
      await fixture.engine.put(box, random(16), random(128))
      const [cursor] = await cursorsOf(fixture.engine, box)
      expect(cursor).toBeGreaterThan(seen.at(-1) ?? 0)
      seen.push(cursor as number)
      await fixture.engine.ack(box, Number.MAX_SAFE_INTEGER)
      await fixture.engine.sweep(never)
      await fixture.reopen()
    }
  })

  it('take frames that come after an acknowledgement far ahead', async () => {
    const { engine } = await open()
    const box = random(32)
    await engine.put(box, random(16), random(128))
    await Promise.all([engine.ack(box, Number.MAX_SAFE_INTEGER), engine.ack(box, 1)])
    expect(await cursorsOf(engine, box)).toEqual([])
    await engine.put(box, random(16), random(128))
    expect(await cursorsOf(engine, box)).toHaveLength(1)
  })

  it('hold their quota of frames and no more', async () => {
    const { engine } = await open({ framesPerBox: 10 })
    const box = random(32)
    const puts = await Promise.all(times(15, () => engine.put(box, random(16), random(128))))
    expect(refusals(puts).filter((name) => name === 'box-full')).toHaveLength(5)
    expect(await engine.put(box, random(16), random(128), { quota: 50 })).toMatchObject({
      refused: 'box-full',
    })
    const other = random(32)
    expect(await engine.put(other, random(16), random(128), { quota: 1 })).toBeNull()
    expect(await engine.put(other, random(16), random(128), { quota: 1 })).toMatchObject({
      refused: 'box-full',
    })
    await engine.ack(box, (await cursorsOf(engine, box))[0] as number)
    expect(await engine.put(box, random(16), random(128))).toBeNull()
  })

  it('are read in pages that stay under a limit of bytes', async () => {
    const { engine } = await open()
    const box = random(32)
    await Promise.all(times(200, () => engine.put(box, random(16), random(4096))))
    const first = await engine.fetch(box, 0, 1000)
    expect(first.more).toBe(true)
    expect(first.deliveries.length * 4096).toBeLessThanOrEqual(MAX_FETCH_BYTES)
    const second = await engine.fetch(box, first.deliveries.at(-1)?.cursor as number, 1000)
    expect(second.more).toBe(false)
    expect(first.deliveries.length + second.deliveries.length).toBe(200)
  })
}

function expiry(open: Open): void {
  it('keeps frames for their class, and ids for theirs', async () => {
    const fixture = await open(EXACT)
    const { engine, clock } = fixture
    const [day, week, month, read] = [random(32), random(32), random(32), random(32)]
    const id = random(16)
    await engine.put(day, random(16), random(128), { ttl: 1 })
    await engine.put(week, random(16), random(128), { ttl: 7 })
    await engine.put(month, random(16), random(128))
    await engine.put(read, id, random(128))
    await engine.ack(read, Number.MAX_SAFE_INTEGER)
    const counts = async () =>
      Promise.all([day, week, month, read].map(async (box) => (await cursorsOf(fixture.engine, box)).length))
    await clock.advance(DAY - HOUR)
    await engine.sweep(never)
    expect(await counts()).toEqual([1, 1, 1, 0])
    await clock.advance(2 * HOUR)
    await engine.sweep(never)
    expect(await counts()).toEqual([0, 1, 1, 0])
    await clock.advance(5 * DAY)
    await engine.sweep(never)
    await engine.put(read, id, random(128))
    expect(await counts()).toEqual([0, 1, 1, 0])
    await clock.advance(2 * DAY)
    await engine.sweep(never)
    await engine.put(read, id, random(128))
    expect(await counts()).toEqual([0, 0, 1, 1])
    await fixture.reopen()
    expect(await counts()).toEqual([0, 0, 1, 1])
    await clock.advance(23 * DAY)
    await fixture.engine.sweep(never)
    expect(await counts()).toEqual([0, 0, 0, 1])
  })

  it('makes room in a full box', async () => {
    const { engine, clock } = await open({ ...EXACT, framesPerBox: 5 })
    const box = random(32)
    for (let n = 0; n < 5; n++) await engine.put(box, random(16), random(128), { ttl: n < 3 ? 1 : 7 })
    expect(await engine.put(box, random(16), random(128))).toMatchObject({ refused: 'box-full' })
    await clock.advance(DAY + HOUR)
    await engine.sweep(never)
    expect(await cursorsOf(engine, box)).toHaveLength(2)
    expect(await engine.put(box, random(16), random(128))).toBeNull()
  })
}

function buckets(open: Open): void {
  it('are read over all their boxes in the order frames came', async () => {
    const { engine } = await open()
    const box = random(32)
    const boxes = [box, neighbour(box), neighbour(box)] as const
    for (let n = 0; n < 9; n++) await engine.put(boxes[n % 3] as Uint8Array, random(16), random(128))
    const far = random(32)
    far[0] = (box[0] as number) ^ 255
    await engine.put(far, random(16), random(128))
    for (const bits of [8, 16, 24]) {
      const page = await engine.bucket(bucketOf(box, bits), 0, 100)
      expect(page.more).toBe(false)
      expect(page.frames.map((one) => boxName(one.box))).toEqual(
        times(9, (n) => boxName(boxes[n % 3] as Uint8Array)),
      )
    }
    expect((await engine.bucket({ bits: 0, prefix: 0 }, 0, 100)).frames).toHaveLength(10)
    const first = await engine.bucket(bucketOf(box, 16), 0, 4)
    expect(first.more).toBe(true)
    const second = await engine.bucket(bucketOf(box, 16), first.next, 100)
    expect([...first.frames, ...second.frames]).toHaveLength(9)
    await engine.ack(box, Number.MAX_SAFE_INTEGER)
    expect((await engine.bucket(bucketOf(box, 16), 0, 100)).frames).toHaveLength(6)
    const end = await engine.bucket(bucketOf(box, 16), second.next, 100)
    expect(end).toMatchObject({ more: false, frames: [] })
    expect(end.next).toBeGreaterThanOrEqual(second.next)
  })
}

function logs(open: Open): void {
  it('grow by one place at a time; the same entry again is no conflict', async () => {
    const fixture = await open()
    const log = random(32)
    for (let n = 0; n < 5; n++) expect(await fixture.engine.append(log, n, text(`entry ${n}`), 7)).toBeNull()
    expect(await fixture.engine.append(log, 3, text('entry 3'), 7)).toBeNull()
    expect(plain(await fixture.engine.append(log, 3, text('other'), 7))).toMatchObject({
      next: 5,
      entry: text('entry 3'),
    })
    expect(await fixture.engine.append(log, 9, text('other'), 7)).toMatchObject({ next: 5, entry: undefined })
    await fixture.reopen()
    const page = await fixture.engine.entries(log, 2, 2)
    expect(page).toMatchObject({ from: 2, next: 5 })
    expect(page.entries.map((one) => new TextDecoder().decode(one))).toEqual(['entry 2', 'entry 3'])
    expect(await fixture.engine.entries(random(32), 3, 10)).toEqual({ from: 0, next: 0, entries: [] })
  })

  it('give each place to one of many who want it', async () => {
    const fixture = await open()
    const other = (await fixture.second?.()) ?? fixture.engine
    const log = random(32)
    for (let place = 0; place < 5; place++) {
      const tries = times(8, (n) =>
        [fixture.engine, other][n % 2]?.append(log, place, text(`${place}/${n}`), 7),
      )
      const results = await Promise.all(tries)
      expect(results.filter((result) => result === null)).toHaveLength(1)
      const winner = results.indexOf(null)
      for (const result of results)
        if (result !== null)
          expect(plain(result)).toMatchObject({ next: place + 1, entry: text(`${place}/${winner}`) })
    }
    expect((await other.entries(log, 0, 100)).entries).toHaveLength(5)
  })

  it('keep their newest entries, and end a while after the last one', async () => {
    const fixture = await open({ ...EXACT, logEntries: 4, logBytes: 1000 })
    const { engine, clock } = fixture
    const log = random(32)
    for (let n = 0; n < 9; n++) await engine.append(log, n, text(`entry ${n}`), 1)
    expect(await engine.entries(log, 0, 100)).toMatchObject({ from: 5, next: 9 })
    await engine.append(log, 9, new Uint8Array(999), 1)
    expect(await engine.entries(log, 0, 100)).toMatchObject({ from: 9, next: 10 })
    await clock.advance(DAY + HOUR)
    await engine.sweep(never)
    expect(await engine.entries(log, 0, 100)).toMatchObject({ from: 0, next: 0, entries: [] })
    expect(await engine.append(log, 0, text('again'), 1)).toBeNull()
    await fixture.reopen()
    expect(plain(await fixture.engine.entries(log, 0, 100))).toEqual({
      from: 0,
      next: 1,
      entries: [text('again')],
    })
  })
}

function directory(open: Open): void {
  it('keeps eight writers an address in the order they came, and only rising sequences', async () => {
    const fixture = await open()
    const { engine } = fixture
    const address = random(32)
    for (let n = 0; n < 8; n++) expect(await engine.publish(record(n, address, 5))).toBeNull()
    expect(await engine.publish(record(8, address, 5))).toMatchObject({ refused: 'address-full' })
    expect(await engine.publish(record(3, address, 5))).toBeNull()
    expect(await engine.publish(record(3, address, 5, 'y'))).toMatchObject({ refused: 'stale' })
    expect(await engine.publish(record(3, address, 4))).toMatchObject({ refused: 'stale' })
    expect(await engine.publish(record(3, address, 6, 'new'))).toBeNull()
    await fixture.reopen()
    const found = await fixture.engine.lookup(address)
    expect(found.map(({ writer }) => boxName(writer))).toEqual(
      writers.slice(0, 8).map(({ publicKey }) => boxName(publicKey)),
    )
    expect(found[3]?.sequence).toBe(6)
  })

  it('publishes one of two records that come at once by two ways, and never goes back', async () => {
    const fixture = await open()
    const other = (await fixture.second?.()) ?? fixture.engine
    const address = random(32)
    await Promise.all(times(12, (n) => [fixture.engine, other][n % 2]?.publish(record(0, address, n + 1))))
    expect((await other.lookup(address))[0]?.sequence).toBe(12)
  })

  it('gives the records of a bucket by address and writer, in pages, each once', async () => {
    const fixture = await open()
    const { engine } = fixture
    const all = { bits: 0, prefix: 0 }
    expect(await engine.records(all, undefined, 10)).toEqual({ more: false, records: [] })
    const at = (first: number): Uint8Array => Uint8Array.of(first, ...random(31))
    const addresses = [0x00, 0x07, 0x08, 0x7f, 0x80, 0xf7, 0xf8, 0xff].map(at)
    for (const address of addresses.toReversed()) await engine.publish(record(0, address, 1))
    for (const n of [1, 2]) await engine.publish(record(n, addresses[1] as Uint8Array, 1))
    await engine.publish(record(1, addresses[1] as Uint8Array, 2, 'newer'))
    await engine.publish(record(0, addresses[7] as Uint8Array, 7, 'z'.repeat(8192)))
    const walk = async (bits: number, prefix: number, limit: number): Promise<string[]> => {
      const found: string[] = []
      let after: RecordPlace | undefined
      for (;;) {
        const page: RecordPage = await fixture.engine.records({ bits, prefix }, after, limit)
        expect(page.records.length).toBeLessThanOrEqual(limit)
        for (const one of page.records) {
          expect(Buffer.compare(one.record.address, one.address)).toBe(0)
          found.push(
            `${Buffer.from(one.address).toString('hex').slice(0, 2)}.${one.slot}.${one.record.sequence}`,
          )
        }
        after = page.records.at(-1)
        if (!page.more) return found
        expect(after).toBeDefined()
      }
    }
    const whole = [
      '00.0.1',
      '07.0.1',
      '07.1.2',
      '07.2.1',
      '08.0.1',
      '7f.0.1',
      '80.0.1',
      'f7.0.1',
      'f8.0.1',
      'ff.0.7',
    ]
    for (const limit of [1, 2, 3, 100]) expect(await walk(0, 0, limit)).toEqual(whole)
    expect(await walk(5, 0, 2)).toEqual(whole.slice(0, 4))
    expect(await walk(5, 31, 1)).toEqual(whole.slice(8))
    expect(await walk(1, 1, 2)).toEqual(whole.slice(6))
    expect(await walk(24, 0x123456, 2)).toEqual([])
    await fixture.reopen()
    expect(await walk(0, 0, 4)).toEqual(whole)
  })

  it('gives no more bytes of records at once than an answer holds, and one that is larger by itself', async () => {
    const { engine } = await open()
    const address = random(32)
    for (let n = 0; n < 8; n++) await engine.publish(record(n, address, 1, 'x'.repeat(8192)))
    for (let n = 0; n < 12; n++) await engine.publish(record(0, random(32), 1, 'x'.repeat(8192)))
    let seen = 0
    let after: RecordPlace | undefined
    for (let more = true; more; ) {
      const page: RecordPage = await engine.records({ bits: 0, prefix: 0 }, after, 512)
      const bytes = page.records.reduce((sum, one) => sum + 114 + one.record.body.length, 0)
      expect(bytes).toBeLessThanOrEqual(MAX_RECORD_PAGE_BYTES)
      seen += page.records.length
      after = page.records.at(-1)
      more = page.more
    }
    expect(seen).toBe(20)
  })

  it('hands out each item once, oldest first, then the last resort', async () => {
    const { engine } = await open()
    const writer = crypto.ed25519.generate()
    expect(await engine.take(writer.publicKey, 1)).toMatchObject({ found: 'none' })
    expect(await engine.stock(upload(writer, 1, 3, { last: 9 }))).toBeNull()
    expect(await engine.stock(upload(writer, 1, 3, { last: 9 }))).toBeNull()
    expect(await engine.stock(upload(writer, 1, 2))).toMatchObject({ refused: 'stale' })
    expect(await engine.stock(upload(writer, 2, 2))).toBeNull()
    expect(await engine.remaining(writer.publicKey, 1)).toBe(5)
    const items: string[] = []
    for (let n = 0; n < 7; n++) {
      const taken = await engine.take(writer.publicKey, 1)
      items.push('item' in taken ? [...taken.item].join() : taken.refused)
    }
    expect(items).toEqual(['1,0,0', '1,0,1', '1,0,2', '2,0,0', '2,0,1', '9', '9'])
    expect(await engine.remaining(writer.publicKey, 2)).toBe(0)
  })

  it('hands out each item once to many who take at the same time', async () => {
    const fixture = await open()
    const other = (await fixture.second?.()) ?? fixture.engine
    const writer = crypto.ed25519.generate()
    await fixture.engine.stock(upload(writer, 1, 40))
    const taken = await Promise.all(
      times(50, (n) => [fixture.engine, other][n % 2]?.take(writer.publicKey, 1)),
    )
    const items = taken.flatMap((one) => (one !== undefined && 'item' in one ? [[...one.item].join()] : []))
    expect(items.filter((item) => item !== '')).toHaveLength(40)
    expect(new Set(items).size).toBe(41)
  })

  it('drops earlier items on replace and refuses more than a stock holds', async () => {
    const fixture = await open()
    const { engine } = fixture
    const writer = crypto.ed25519.generate()
    for (let n = 1; n <= 4; n++) expect(await engine.stock(upload(writer, n, 256))).toBeNull()
    expect(await engine.stock(upload(writer, 5, 1))).toMatchObject({ refused: 'stock-full' })
    expect(await engine.stock(upload(writer, 5, 2, { replace: true }))).toBeNull()
    expect(await engine.take(writer.publicKey, 1)).toMatchObject({ found: 'one-time' })
    await fixture.reopen()
    expect(await fixture.engine.remaining(writer.publicKey, 1)).toBe(1)
  })
}

function others(open: Open): void {
  it('keeps blobs for their life, and longer when they are put again', async () => {
    const { engine, clock } = await open({ blobLifeMs: 30 * DAY })
    const [a, b] = [random(32), random(32)]
    const data = random(4096)
    await engine.putBlob(a, data)
    await engine.putBlob(b, random(100))
    expect(Uint8Array.from((await engine.getBlob(a)) as Uint8Array)).toEqual(data)
    await clock.advance(20 * DAY)
    await engine.putBlob(a, data)
    await clock.advance(15 * DAY)
    await engine.sweep(never)
    expect([await engine.hasBlob(a), await engine.hasBlob(b)]).toEqual([true, false])
    expect(await engine.getBlob(b)).toBeUndefined()
    await clock.advance(20 * DAY)
    await engine.sweep(never)
    expect(await engine.hasBlob(a)).toBe(false)
  })

  it('keeps the terms of a box', async () => {
    const fixture = await open({ termsLifeMs: 90 * DAY })
    const box = random(32)
    const terms = { accepts: 5, workBits: 20, quota: 17, capabilityKey: random(32) }
    expect(await fixture.engine.terms(box)).toBeUndefined()
    expect(await fixture.engine.setTerms(box, { ...terms, quota: 1 })).toBeNull()
    expect(await fixture.engine.setTerms(box, terms)).toBeNull()
    expect(plain(await fixture.engine.terms(box))).toEqual(plain(terms))
    await fixture.reopen()
    expect(plain(await fixture.engine.terms(box))).toEqual(plain(terms))
    await fixture.clock.advance(91 * DAY)
    await fixture.engine.sweep(never)
    await fixture.reopen()
    expect(await fixture.engine.terms(box)).toBeUndefined()
  })

  it('counts a use for each frame, and none for a repeated put', async () => {
    const fixture = await open()
    const other = (await fixture.second?.()) ?? fixture.engine
    const box = random(32)
    const spend = { name: random(32), most: 3, until: fixture.clock.now() + DAY }
    const ids = times(8, () => random(16))
    const put = (n: number): Promise<Verdict> =>
      ([fixture.engine, other][n % 2] as RelayEngine).put(box, ids[n] as Uint8Array, random(128), { spend })
    for (const n of [0, 0, 0, 1]) expect(await put(n)).toBeNull()
    const verdicts = await Promise.all(times(8, put))
    const refused = verdicts.filter((verdict) => verdict?.refused === 'ticket-spent')
    expect(refused).toHaveLength(5)
    expect([verdicts[0], verdicts[1]]).toEqual([null, null])
    expect(await cursorsOf(other, box)).toHaveLength(3)
    await fixture.reopen()
    expect(await fixture.engine.put(box, random(16), random(128), { spend })).toMatchObject({
      refused: 'ticket-spent',
    })
  })

  it('says when a frame is stored, and a fetch then sees it', async () => {
    const { engine } = await open()
    const box = random(32)
    engine.interest?.(bucketOf(box, 16), true)
    const seen: number[] = []
    const all = new Promise<void>((resolve) => {
      engine.onStored((name) => {
        if (name !== undefined && name !== boxName(box)) return
        const looked = cursorsOf(engine, box).then(({ length }) => {
          seen.push(length)
          if (length === 5) resolve()
        })
        // The last looks may find the engine closed.
        looked.catch(() => {})
      })
    })
    for (let n = 0; n < 5; n++) await engine.put(box, random(16), random(128))
    await all
    expect(Math.min(...seen)).toBeGreaterThan(0)
  })

  it('passes announced frames on', async () => {
    const { engine } = await open()
    const channel = random(32)
    const frame = random(512)
    const heard = new Promise<[string, Uint8Array]>((resolve) => {
      engine.onAnnounced((name, data) => resolve([name, Uint8Array.from(data)]))
    })
    engine.announce(channel, frame)
    expect(await heard).toEqual([boxName(channel), frame])
  })

  it('can tell that it takes writes, and how much it holds', async () => {
    const { engine } = await open()
    await engine.put(random(32), random(16), random(512))
    await engine.putBlob(random(32), random(100))
    await engine.publish(record(0, random(32), 1))
    expect(await engine.writable?.()).not.toBe(false)
    const stats = await engine.stats()
    expect(stats).toMatchObject({ frames: { 512: 1, 128: 0 }, boxes: 1, records: 1, blobs: 1, items: 0 })
    expect(stats.bytes).toBeGreaterThan(612)
    expect(engine.queuedBytes()).toBe(0)
  })

  it('stores nothing new beyond its limit of bytes, and goes on when there is room', async () => {
    const { engine } = await open({ storedBytes: 6000 })
    const box = random(32)
    const writer = writers[0] as (typeof writers)[number]
    const entry = random(3000)
    expect(await engine.put(box, random(16), random(4096))).toBeNull()
    // What comes last in a bucket may stay as long as its id is remembered.
    expect(await engine.put(neighbour(box), random(16), random(128))).toBeNull()
    const more = await Promise.all([
      engine.put(random(32), random(16), random(4096)),
      engine.putBlob(random(32), random(3000)),
      engine.append(random(32), 0, entry, 30),
      engine.publish(record(0, random(32), 1, 'x'.repeat(2000))),
      engine.stock(
        signStockUpload(crypto, writer, {
          kind: 1,
          sequence: 1,
          items: [entry],
          lastResort: entry,
          replace: false,
        }),
      ),
    ])
    expect(more.map((one) => one !== null && 'refused' in one && one.refused)).toEqual(
      times(5, () => 'storage-failed'),
    )
    expect(await cursorsOf(engine, box)).toHaveLength(1)
    expect(await engine.ack(box, Number.MAX_SAFE_INTEGER)).toBeNull()
    // Relays that share a store count now and then.
    await vi.waitFor(async () => expect(await engine.putBlob(random(32), random(3000))).toBeNull(), {
      timeout: 15_000,
      interval: 200,
    })
  }, 20_000)
}

/** Two engines over the same data: as two relays. */
function shared(open: Open): void {
  const both = async (limits?: Partial<RelayLimits>) => {
    const fixture = await open(limits)
    const second = await fixture.second?.()
    if (second === undefined) throw new Error('no second engine')
    return { ...fixture, a: fixture.engine, b: second }
  }

  it('see each other’s frames and acknowledgements at once', async () => {
    const { a, b } = await both()
    const box = random(32)
    for (let n = 0; n < 10; n++) {
      await (n % 2 === 0 ? a : b).put(box, random(16), random(128))
      expect(await cursorsOf(n % 2 === 0 ? b : a, box)).toHaveLength(n + 1)
    }
    const cursors = await cursorsOf(b, box)
    await b.ack(box, cursors[3] as number)
    expect(await cursorsOf(a, box)).toEqual(cursors.slice(4))
    await a.ack(box, cursors[9] as number)
    expect(await cursorsOf(b, box)).toEqual([])
  })

  it('store one frame for an id that comes by both, and count a quota together', async () => {
    const { a, b } = await both({ framesPerBox: 20 })
    const box = random(32)
    const ids = times(10, () => random(16))
    const puts = [a, b, a, b].flatMap((engine) => ids.map((id) => engine.put(box, id, random(128))))
    expect(refusals(await Promise.all(puts))).toEqual(times(40, () => undefined))
    expect(await cursorsOf(a, box)).toHaveLength(10)
    const more = await Promise.all(times(30, (n) => (n % 2 === 0 ? a : b).put(box, random(16), random(128))))
    expect(more.filter((verdict) => verdict === null)).toHaveLength(10)
    expect(await cursorsOf(b, box)).toHaveLength(20)
  })

  it('hostile 38: keep a quota that both reach at the same moment, and show nothing that was refused', async () => {
    const { a, b } = await both({ framesPerBox: 10 })
    for (let round = 0; round < 3; round++) {
      const box = random(32)
      await Promise.all([cursorsOf(a, box), cursorsOf(b, box)])
      // Each alone would fit.
      const frames = times(16, () => random(128))
      const puts = frames.map((frame, n) => (n % 2 === 0 ? a : b).put(box, random(16), frame))
      const verdicts = await Promise.all(puts)
      const stored = frames.filter((_, n) => verdicts[n] === null)
      expect(stored).toHaveLength(10)
      for (const engine of [a, b]) {
        const { deliveries } = await engine.fetch(box, 0, 100)
        const seen = deliveries.map(({ frame }) => Buffer.from(frame).toString('hex', 0, 8))
        expect(seen.sort()).toEqual(stored.map((frame) => Buffer.from(frame).toString('hex', 0, 8)).sort())
      }
    }
  })

  it('remember an id that the other has seen acknowledged', async () => {
    const { a, b } = await both()
    const box = random(32)
    const id = random(16)
    // Both know the box before.
    await Promise.all([cursorsOf(a, box), cursorsOf(b, box)])
    await a.put(box, id, random(128))
    await a.ack(box, Number.MAX_SAFE_INTEGER)
    expect(await b.put(box, id, random(128))).toBeNull()
    expect(await cursorsOf(a, box)).toEqual([])
  })

  it('acknowledge what they have not read', async () => {
    const { a, b } = await both()
    const box = random(32)
    expect(await cursorsOf(b, box)).toEqual([])
    await a.put(box, random(16), random(128))
    expect(await b.ack(box, Number.MAX_SAFE_INTEGER)).toBeNull()
    expect(await cursorsOf(a, box)).toEqual([])
  })

  it('never give a later frame before an earlier one', async () => {
    const { a, b } = await both()
    const box = random(32)
    const seen: number[] = []
    let stop = false
    const reader = (async () => {
      while (!stop) {
        const page = await b.fetch(box, seen.at(-1) ?? 0, 1000)
        seen.push(...page.deliveries.map(({ cursor }) => cursor))
      }
    })()
    const writer = (engine: RelayEngine) => async () => {
      for (let n = 0; n < 60; n++) await engine.put(box, random(16), random(128))
    }
    await Promise.all([writer(a)(), writer(b)(), writer(a)(), writer(b)()])
    stop = true
    await reader
    seen.push(...(await b.fetch(box, seen.at(-1) ?? 0, 1000)).deliveries.map(({ cursor }) => cursor))
    expect(seen).toHaveLength(240)
    expect([...seen].sort((x, y) => x - y)).toEqual(seen)
  })

  it('wake each other', async () => {
    const { a, b } = await both()
    const box = random(32)
    b.interest?.(bucketOf(box, 16), true)
    await cursorsOf(b, box)
    const woken = new Promise<void>((resolve) => {
      b.onStored((name) => {
        if (name === undefined || name === boxName(box)) resolve()
      })
    })
    await a.put(box, random(16), random(128))
    await woken
    expect(await cursorsOf(b, box)).toHaveLength(1)
    const channel = random(32)
    const heard = new Promise<string>((resolve) => {
      b.onAnnounced((name) => resolve(name))
    })
    a.announce(channel, random(128))
    expect(await heard).toBe(boxName(channel))
  })
}

export function engineCompliance(name: string, openSubject: OpenSubject, options: SubjectOptions = {}): void {
  let fixture: SubjectFixture | undefined
  const open: Open = async (limits = {}) => {
    fixture = await openSubject(limits)
    return fixture
  }
  const title = options.missing === undefined ? name : `${name} (skipped: ${options.missing})`
  describe.skipIf(options.missing !== undefined)(title, () => {
    afterEach(async () => {
      await fixture?.dispose()
      fixture = undefined
    })
    describe('mailboxes', () => mailboxes(open))
    describe('expiry', () => expiry(open))
    describe('buckets', () => buckets(open))
    describe('logs', () => logs(open))
    describe('directory', () => directory(open))
    describe('the rest', () => others(open))
    describe('rows of services', () => rowsCompliance(open))
    describe.skipIf(options.alone === true)('two relays', () => shared(open))
  })
}
