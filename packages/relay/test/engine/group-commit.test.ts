// Group commit as spec/relay.md section 5 says it: who waits for what, and how many syncs it takes.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@hyphae/core'
import { ClassicLevel } from 'classic-level'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { OpenDatabase } from '../../src/engine/database.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { MAX_BATCH_BYTES } from '../../src/limits.js'
import { type EngineFixture, openEngine, random } from '../support/engine.js'
import { temporaryFolder } from '../support/relay.js'

/** A disk on which each sync takes until it is let go. */
function slowDisk() {
  const waiting: (() => void)[] = []
  const disk = { syncs: 0, held: false, release: () => waiting.shift()?.() }
  const open: OpenDatabase = async (folder) => {
    const database = await openJournaled(folder)
    return {
      ...database,
      transact: async (fill) => {
        await database.transact(fill)
        disk.syncs += 1
        if (disk.held) await new Promise<void>((resolve) => waiting.push(resolve))
      },
    }
  }
  return { disk, open }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('hostile 35: group commit', () => {
  let fixture: EngineFixture | undefined
  afterEach(() => fixture?.dispose())

  it('answers nobody before the sync, and serves all that came during one with the next', async () => {
    const { disk, open } = slowDisk()
    fixture = await openEngine({}, open, systemClock)
    const { engine } = fixture
    disk.held = true
    disk.syncs = 0
    const answered: number[] = []
    const boxes = Array.from({ length: 40 }, () => random(32))
    const put = (n: number): Promise<void> =>
      engine.put(boxes[n % boxes.length] as Uint8Array, random(16), random(512)).then((verdict) => {
        expect(verdict).toBeNull()
        answered.push(n)
      })
    const heard: (string | undefined)[] = []
    engine.onStored((box) => heard.push(box))
    const puts = [put(0)]
    await until(() => disk.syncs === 1)
    for (let n = 1; n <= 1_000; n++) puts.push(put(n))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([answered, heard, disk.syncs]).toEqual([[], [], 1])
    expect((await engine.fetch(boxes[0] as Uint8Array, 0, 10)).deliveries).toEqual([])
    disk.release()
    await until(() => disk.syncs === 2)
    expect(answered).toEqual([0])
    disk.release()
    await Promise.all(puts)
    expect(answered).toHaveLength(1_001)
    expect(disk.syncs).toBe(2)
    disk.held = false
  })

  it('cuts what waits into batches of a bounded size', async () => {
    const { disk, open } = slowDisk()
    fixture = await openEngine({}, open, systemClock)
    const { engine } = fixture
    const count = Math.ceil((2.5 * MAX_BATCH_BYTES) / 4096)
    await Promise.all(Array.from({ length: count }, () => engine.put(random(32), random(16), random(4096))))
    expect(disk.syncs).toBe(3)
  })
})

describe('hostile 35: what the store writes', () => {
  const isLinux = process.platform === 'linux'
  const skipped = isLinux ? '' : ' (skipped: the flags of open files are shown by Linux alone)'

  it.skipIf(!isLinux)(`is on the disk when the write of the journal returns${skipped}`, async () => {
    const folder = await temporaryFolder()
    const database = await openJournaled(folder.path)
    await database.transact((stage) => stage.put(Uint8Array.of(1), random(9)))
    const flags: number[] = []
    for (const file of await readdir('/proc/self/fd')) {
      const path = await readlink(join('/proc/self/fd', file)).catch(() => '')
      if (!path.startsWith(join(folder.path, 'journal', 'segment-'))) continue
      const info = await readFile(join('/proc/self/fdinfo', file), 'utf8')
      flags.push(Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '', 8))
    }
    // O_DSYNC: each write is followed by what fdatasync does.
    expect(flags.length).toBeGreaterThan(0)
    for (const each of flags) expect(each & 0o10000).toBe(0o10000)
    await database.close()
    await folder.remove()
  })

  it('is synced in LevelDB before the journal that held it is used again', async () => {
    const original = ClassicLevel.prototype.batch as unknown as (this: ClassicLevel) => {
      write(options?: { sync?: boolean }): Promise<void>
    }
    const batch = vi.spyOn(ClassicLevel.prototype, 'batch')
    const synced: unknown[] = []
    batch.mockImplementation(function (this: ClassicLevel) {
      const chained = Reflect.apply(original, this, [])
      const write = chained.write.bind(chained)
      chained.write = async (options: { sync?: boolean } = {}) => {
        synced.push(options.sync)
        await write(options)
      }
      return chained
    } as never)
    const folder = await temporaryFolder()
    const database = await openJournaled(folder.path, 4096)
    for (let n = 0; n < 60; n++)
      await database.transact((stage) => stage.put(Uint8Array.of(1, n), random(500)))
    await database.close()
    batch.mockRestore()
    expect(synced.length).toBeGreaterThan(3)
    expect(new Set(synced)).toEqual(new Set([true]))
    await folder.remove()
  })
})
