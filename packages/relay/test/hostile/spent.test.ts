import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '@hyphae/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenDatabase } from '../../src/engine/database.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { cursorsOf, type EngineFixture, openEngine, random } from '../support/engine.js'

/** Fails the writes it is told to: before anything was written, or after all of it was. */
function faulty() {
  const disk = { fail: 'no' as 'no' | 'before' | 'after' }
  const open: OpenDatabase = async (folder) => {
    const database = await openJournaled(folder)
    return {
      ...database,
      transact: async (fill) => {
        const { fail } = disk
        disk.fail = 'no'
        if (fail !== 'before') await database.transact(fill)
        if (fail !== 'no') throw new Error('EIO')
      },
    }
  }
  return { disk, open }
}

describe('hostile 30: a use and the frame it buys', () => {
  let fixture: EngineFixture
  afterEach(() => fixture.dispose())

  it.each(['before', 'after'] as const)(
    'are both there or neither, when the disk fails %s the write',
    async (when) => {
      const { disk, open } = faulty()
      fixture = await openEngine({}, open, systemClock)
      const box = random(32)
      const spend = { name: random(32), most: 3, until: Date.now() + 1e9 }
      const ids = Array.from({ length: 4 }, () => random(16))
      const put = (n: number) => fixture.engine.put(box, ids[n] as Uint8Array, random(128), { spend })
      expect(await put(0)).toBeNull()
      disk.fail = when
      expect(await put(1)).toMatchObject({ refused: 'storage-failed' })
      while ((await put(1)) !== null) await turn()
      expect(await put(2)).toBeNull()
      expect(await put(3)).toMatchObject({ refused: 'ticket-spent' })
      for (let n = 0; n < 3; n++) expect(await put(n)).toBeNull()
      expect(await cursorsOf(fixture.engine, box)).toHaveLength(3)
      await fixture.reopen()
      expect(await put(3)).toMatchObject({ refused: 'ticket-spent' })
    },
  )

  it.each(['before', 'after'] as const)('so are an entry and its place in a log: %s', async (when) => {
    const { disk, open } = faulty()
    fixture = await openEngine({}, open, systemClock)
    const log = random(32)
    const append = (position: number, value: number) =>
      fixture.engine.append(log, position, Uint8Array.of(value), 7)
    expect(await append(0, 1)).toBeNull()
    disk.fail = when
    expect(await append(1, 2)).toMatchObject({ refused: 'storage-failed' })
    // Asked again with the same entry it is in its place, written before or now.
    while ((await append(1, 2)) !== null) await turn()
    const conflict = await append(1, 3)
    expect(conflict).toMatchObject({ next: 2 })
    expect([...((conflict as { entry: Uint8Array }).entry ?? [])]).toEqual([2])
    await fixture.reopen()
    const { entries } = await fixture.engine.entries(log, 0, 10)
    expect(entries.map(([value]) => value)).toEqual([1, 2])
  })

  it.each(['before', 'after'] as const)('terms that were not stored do not hold: %s', async (when) => {
    const { disk, open } = faulty()
    fixture = await openEngine({}, open, systemClock)
    const box = random(32)
    const terms = (workBits: number) => ({
      accepts: 1,
      workBits,
      quota: 0,
      capabilityKey: new Uint8Array(32),
    })
    expect(await fixture.engine.setTerms(box, terms(1))).toBeNull()
    disk.fail = when
    expect(await fixture.engine.setTerms(box, terms(2))).toMatchObject({ refused: 'storage-failed' })
    while ((await fixture.engine.setTerms(random(32), terms(9))) !== null) await turn()
    // A failed write may be there all the same, but memory says what the disk says.
    const held = (await fixture.engine.terms(box))?.workBits
    expect(held).toBe(when === 'before' ? 1 : 2)
    await fixture.reopen()
    expect((await fixture.engine.terms(box))?.workBits).toBe(held)
  })
})
