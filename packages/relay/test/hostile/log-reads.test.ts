import { systemClock } from '@hyphae/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { OpenDatabase } from '../../src/engine/database.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { readEntries } from '../../src/engine/logs.js'
import { type EngineFixture, openEngine, random } from '../support/engine.js'

const text = (value: string): Uint8Array => Buffer.from(value)

describe('hostile 39: who reads a log again and again', () => {
  let fixture: EngineFixture
  afterEach(() => fixture.dispose())

  it('makes nobody carry the journal into LevelDB', async () => {
    let ranges = 0
    const open: OpenDatabase = async (folder) => {
      const database = await openJournaled(folder)
      return {
        ...database,
        entries: (range) => {
          ranges += 1
          return database.entries(range)
        },
      }
    }
    fixture = await openEngine({}, open, systemClock)
    const { engine } = fixture
    const log = random(32)
    for (let n = 0; n < 20; n++) expect(await engine.append(log, n, text(`${n}`), 7)).toBeNull()
    const before = ranges
    const page = await engine.entries(log, 3, 12)
    expect(ranges).toBe(before)
    expect({ from: page.from, next: page.next }).toEqual({ from: 3, next: 20 })
    expect(page.entries.map((entry) => Buffer.from(entry).toString())).toEqual(
      Array.from({ length: 12 }, (_, i) => `${i + 3}`),
    )
  })

  it('is told where what is left begins when older entries go while it reads', async () => {
    fixture = await openEngine({})
    const log = random(32)
    const rows = new Map<string, Uint8Array>()
    const head = Buffer.alloc(32)
    head.writeUInt32BE(10, 12)
    rows.set(Buffer.concat([text('l'), log]).toString('hex'), head)
    for (let n = 4; n < 10; n++) {
      const place = Buffer.alloc(8)
      place.writeUInt32BE(n, 4)
      rows.set(Buffer.concat([text('e'), log, place]).toString('hex'), text(`${n}`))
    }
    const getMany = async (keys: readonly Uint8Array[]) =>
      keys.map((key) => rows.get(Buffer.from(key).toString('hex')))
    const { from, next, entries } = await readEntries({ getMany }, log, 0, 8)
    expect({ from, next }).toEqual({ from: 4, next: 10 })
    expect(entries.map((entry) => Buffer.from(entry).toString())).toEqual(['4', '5', '6', '7'])
  })
})
