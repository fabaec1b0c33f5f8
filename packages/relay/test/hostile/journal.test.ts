import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isHyphaeError } from '@hyphae/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { RECORD_HEADER_BYTES } from '../../src/engine/journal/record.js'
import { temporaryFolder } from '../support/relay.js'

const RECORDS = 4
const VALUE_BYTES = 40
const SEGMENT = 4096

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let copies = 0
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const key = (n: number): Uint8Array => Uint8Array.of(1, n)

/** What a relay that was killed after RECORDS transactions leaves. */
async function killedStore(): Promise<string> {
  const live = join(folder.path, 'live')
  const database = await openJournaled(live, SEGMENT)
  for (let n = 0; n < RECORDS; n++)
    await database.transact((stage) => stage.put(key(n), new Uint8Array(VALUE_BYTES).fill(n)))
  const left = join(folder.path, 'left')
  await cp(live, left, { recursive: true })
  await database.close()
  return left
}

/** How many of the records, from the first, are there; undefined when the folder is refused as damaged. */
async function recordsIn(left: string, change: (journal: Buffer) => Buffer): Promise<number | undefined> {
  const copy = join(folder.path, `copy-${copies++}`)
  await cp(left, copy, { recursive: true })
  const path = join(copy, 'journal', 'segment-0')
  await writeFile(path, change(await readFile(path)))
  try {
    const database = await openJournaled(copy, SEGMENT)
    const found = await database.getMany(Array.from({ length: RECORDS }, (_, n) => key(n)))
    await database.close()
    const count = found.filter((value) => value !== undefined).length
    found.forEach((value, n) => {
      expect(value && [...value]).toEqual(n < count ? new Array(VALUE_BYTES).fill(n) : undefined)
    })
    return count
  } catch (error) {
    if (isHyphaeError(error, 'relay/data-corrupt')) return undefined
    throw error
  }
}

describe('hostile 33: a journal that is damaged', () => {
  it('gives whole transactions in order, or is refused, whichever byte is flipped', async () => {
    const left = await killedStore()
    const { length } = await readFile(join(left, 'journal', 'segment-0'))
    const record = length / RECORDS
    expect(await recordsIn(left, (journal) => journal)).toBe(RECORDS)
    for (let at = 0; at < length; at += 3) {
      const flip = (journal: Buffer): Buffer => {
        journal[at] = (journal[at] as number) ^ 0x10
        return journal
      }
      const place = Math.floor(at / record)
      const found = await recordsIn(left, flip)
      // Damage before the last record is no torn end: what comes behind was acknowledged. Without the first header
      // nothing says which records belong to the segment.
      const nameless = at < RECORD_HEADER_BYTES
      expect(found).toBe(place < RECORDS - 1 && !nameless ? undefined : place)
    }
  })

  it('gives the whole transactions before a torn end, wherever it is torn', async () => {
    const left = await killedStore()
    const { length } = await readFile(join(left, 'journal', 'segment-0'))
    const record = length / RECORDS
    for (let at = 0; at < length; at += 7)
      expect(await recordsIn(left, (journal) => journal.subarray(0, at))).toBe(Math.floor(at / record))
  })

  it('does not take what a frame holds for a record of its own', async () => {
    const live = join(folder.path, 'forged')
    const database = await openJournaled(live, SEGMENT)
    await database.transact((stage) => stage.put(key(0), new Uint8Array(VALUE_BYTES)))
    const journal = await readFile(join(live, 'journal', 'segment-0'))
    // A record of this very epoch, put as the value of another.
    await database.transact((stage) => stage.put(key(1), journal))
    const left = join(folder.path, 'left')
    await cp(live, left, { recursive: true })
    await database.close()
    const record = journal.length
    const torn = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 1)
    expect(await recordsIn(left, torn)).toBe(1)
    // As when an older, longer record lay where the torn one ends.
    const copied = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, record), journal])
    expect(await recordsIn(left, copied)).toBe(1)
  })
})
