import { open } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { isHyphaeError, type LogFields, silentLogger, systemClock } from '@hyphae/core'
import { startRelay } from '@hyphae/relay'
import { virtualClock } from '@hyphae/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenDatabase } from '../../src/engine/database.js'
import { type DiskRoom, watchDisk } from '../../src/engine/disk.js'
import { openEmbedded } from '../../src/engine/embedded.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { DEFAULT_LIMITS, STORAGE_RETRY_MS } from '../../src/limits.js'
import { cursorsOf, type EngineFixture, openEngine, random } from '../support/engine.js'
import { temporaryFolder } from '../support/relay.js'

const full = (): Error => Object.assign(new Error('no space left'), { code: 'ENOSPC' })

/** A disk that fails when told; like a real one, it may have written before it says so. */
function faultyDisk() {
  const disk = {
    fail: 'no' as 'no' | 'before' | 'after',
    failures: 0,
    opened: 0,
    tried: 0,
    refuseOpen: false,
  }
  const open: OpenDatabase = async (folder) => {
    disk.tried += 1
    if (disk.refuseOpen) throw full()
    disk.opened += 1
    const level = await openJournaled(folder)
    return {
      ...level,
      transact: async (fill) => {
        if (disk.fail === 'no') return level.transact(fill)
        disk.failures += 1
        if (disk.fail === 'after') await level.transact(fill)
        throw full()
      },
    }
  }
  return { disk, open }
}

describe('hostile 32: a disk that is full or fails', () => {
  let fixture: EngineFixture
  afterEach(() => fixture.dispose())

  it.each(['before', 'after'] as const)(
    'refuses what was not stored (%s the write), keeps what was, goes on',
    async (when) => {
      const { disk, open } = faultyDisk()
      fixture = await openEngine({}, open, systemClock)
      const { engine } = fixture
      const box = random(32)
      expect(await engine.put(box, random(16), random(512))).toBeNull()
      const heard: number[] = []
      engine.onStored((_box, stored) => heard.push(stored?.cursor ?? 0))
      disk.fail = when
      const id = random(16)
      const frame = random(128)
      const verdicts = await Promise.all([
        engine.put(box, id, frame),
        engine.ack(box, 1),
        engine.putBlob(random(32), random(9)),
      ])
      for (const verdict of verdicts) {
        expect(verdict).toMatchObject({ refused: 'storage-failed' })
        expect(verdict?.retryAfterMs).toBeGreaterThan(0)
      }
      expect(heard).toEqual([])
      disk.fail = 'no'
      // The database is opened again before the next write, however soon it comes.
      while ((await engine.put(box, id, frame)) !== null) await turn()
      expect(disk.opened).toBe(2)
      const cursors = await cursorsOf(engine, box)
      // A failed write may be there all the same, but then whole and once.
      expect(cursors).toHaveLength(when === 'before' ? 2 : 1)
      expect(await engine.ack(box, cursors.at(-1) as number)).toBeNull()
      expect(await engine.stats()).toMatchObject({ boxes: 0, frames: { 512: 0, 128: 0 } })
      await fixture.reopen()
      expect(await cursorsOf(fixture.engine, box)).toEqual([])
    },
  )

  it('a one-time item whose removal was not stored is not handed out', async () => {
    const { disk, open } = faultyDisk()
    fixture = await openEngine({}, open, systemClock)
    const { engine } = fixture
    const writer = random(32)
    const base = { writer, kind: 1, lastResort: new Uint8Array(0), replace: false, signature: random(64) }
    await engine.stock({ ...base, sequence: 1, items: [random(10), random(10)] })
    disk.fail = 'after'
    expect(await engine.take(writer, 1)).toMatchObject({ refused: 'storage-failed' })
    disk.fail = 'no'
    let taken = await engine.take(writer, 1)
    while ('refused' in taken) {
      await turn()
      taken = await engine.take(writer, 1)
    }
    expect(taken.found).toBe('one-time')
    expect(await engine.take(writer, 1)).toMatchObject({ found: 'none' })
  })

  it('stays refusing while the folder cannot be opened, and closes cleanly', async () => {
    const { disk, open } = faultyDisk()
    fixture = await openEngine({}, open)
    const { engine, clock } = fixture
    disk.fail = 'before'
    disk.refuseOpen = true
    const put = () => engine.put(random(32), random(16), random(128))
    expect(await put()).toMatchObject({ refused: 'storage-failed' })
    await clock.advance(5_000)
    expect(await put()).toMatchObject({ refused: 'storage-failed' })
    disk.fail = 'no'
    disk.refuseOpen = false
    await clock.advance(2_000)
    while ((await put()) !== null) await turn()
    expect(disk.opened).toBe(2)
  })
})

describe('hostile 32: a store that has failed', () => {
  it('is closed once: file numbers are others’ by then', async () => {
    const folder = await temporaryFolder()
    const database = await openJournaled(folder.path)
    await database.transact((stage) => stage.put(Uint8Array.of(1), random(9)))
    await database.close()
    // They get the lowest free numbers: those that the journal had.
    const others = await Promise.all(Array.from({ length: 8 }, () => open('/dev/null')))
    await database.close()
    for (const other of others) await expect(other.stat()).resolves.toBeDefined()
    for (const other of others) await other.close()
    await folder.remove()
  })

  it('and cannot be opened again, says why, once, and lets the relay end in order', async () => {
    const folder = await temporaryFolder()
    const { disk, open: openFaulty } = faultyDisk()
    const clock = virtualClock()
    const said: unknown[] = []
    const note = (message: string, fields?: LogFields): void => void said.push([message, fields?.code])
    const logger = { ...silentLogger, error: note }
    const options = { folder: folder.path, limits: DEFAULT_LIMITS, clock, logger, open: openFaulty }
    const engine = await openEmbedded(options)
    disk.fail = 'before'
    disk.refuseOpen = true
    expect(await engine.put(random(32), random(16), random(128))).toMatchObject({ refused: 'storage-failed' })
    while (disk.tried < 4) {
      await clock.advance(1_000)
      await turn()
    }
    expect(said).toEqual([
      ['store failed', 'ENOSPC'],
      ['store cannot be opened', 'ENOSPC'],
    ])
    await engine.close()
    await folder.remove()
  })
})

describe('hostile 32: a disk that is nearly full', () => {
  it('takes acknowledgements and uses, nothing new, and says so once; then goes on', async () => {
    const folder = await temporaryFolder()
    const said: string[] = []
    const note = (message: string): void => void said.push(message)
    const logger = { ...silentLogger, warn: note, info: note }
    const disk = { free: 1e9, all: 1e12 }
    const limits = { ...DEFAULT_LIMITS, diskReserveBytes: 1e8 }
    const engine = await openEmbedded({
      folder: folder.path,
      limits,
      clock: systemClock,
      logger,
      room: async () => ({ ...disk }),
    })
    const box = random(32)
    const put = () => engine.put(box, random(16), random(512))
    const until = async (words: string): Promise<void> => {
      while (said.at(-1) !== words) await turn()
    }
    for (let n = 0; n < 3; n++) expect(await put()).toBeNull()
    disk.free = 1e8 - 1
    await until('disk nearly full: nothing new is stored')
    for (const refused of [await put(), await engine.putBlob(random(32), random(9))])
      expect(refused).toMatchObject({ refused: 'storage-failed', retryAfterMs: STORAGE_RETRY_MS })
    // What a signed acknowledgement needs, and the acknowledgement.
    expect(await engine.rows?.once(random(32), systemClock.now() + 60_000)).toBe(true)
    const cursors = await cursorsOf(engine, box)
    expect(await engine.ack(box, cursors[1] as number)).toBeNull()
    expect(await cursorsOf(engine, box)).toEqual(cursors.slice(2))
    disk.free = 1e8
    await until('disk has room again')
    expect(await put()).toBeNull()
    expect(said).toHaveLength(2)
    await engine.close()
    await folder.remove()
  })

  it('keeps half of a small one, and believes nobody who says nothing', async () => {
    const disk = async (room: DiskRoom) => {
      const watched = await watchDisk({ folder: '', limits: DEFAULT_LIMITS, logger: silentLogger, room })
      await watched.close()
      return watched.low()
    }
    expect(await disk(async () => ({ free: 41e6, all: 80e6 }))).toBe(false)
    expect(await disk(async () => ({ free: 39e6, all: 80e6 }))).toBe(true)
    expect(await disk(async () => undefined)).toBe(false)
    expect(await disk(() => Promise.reject(new Error('ENOSYS')))).toBe(false)
  })
})

describe('hostile 34: two relays on one folder', () => {
  it('the second is refused with a typed error that says what to do; the first goes on', async () => {
    const folder = await temporaryFolder()
    const first = await startRelay({ data: folder.path })
    const error = await startRelay({ data: folder.path }).catch((reason: unknown) => reason)
    if (!isHyphaeError(error, 'relay/data-locked')) throw error
    expect(error.hint).toContain('Stop the other relay')
    await first.close()
    await (await startRelay({ data: folder.path })).close()
    await folder.remove()
  })

  it('a folder that cannot be made, and a port that is taken, are typed errors too', async () => {
    const folder = await temporaryFolder()
    await expect(startRelay({ data: '/dev/null/relay' })).rejects.toMatchObject({
      code: 'relay/data-unusable',
    })
    const first = await startRelay({ data: folder.path })
    const other = await temporaryFolder()
    await expect(startRelay({ data: other.path, port: first.port })).rejects.toMatchObject({
      code: 'relay/cannot-listen',
    })
    await first.close()
    await (await startRelay({ data: other.path })).close()
    await Promise.all([folder.remove(), other.remove()])
  })
})
