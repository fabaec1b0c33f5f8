import { cp, rm } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../src/engine/database.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import { frameKey, idKey, slot } from '../../src/engine/keys.js'
import { temporaryFolder } from '../support/relay.js'

/** Small, so that a few batches fill one. */
const SEGMENT = 2048
const KEYS = 24
const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(255) }
/** Positions of one segment lie close together; these do not always. */
const FAR = 2 ** 21

/** Keys of frames, of ids and others: a table of the journal keeps each in its own way. */
function keyOf(n: number): Uint8Array {
  const box = new Uint8Array(32).fill(n & 1)
  if (n % 3 === 0) return frameKey(box, slot(n % 5 === 0 ? n * FAR : n + 1, 512))
  return n % 3 === 1 ? idKey(box, new Uint8Array(16).fill(n)) : Uint8Array.of(n)
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

type Step =
  | { readonly kind: 'write'; readonly rows: readonly (readonly [key: number, length: number])[] }
  | { readonly kind: 'read' | 'entries' | 'close' | 'crash' }

const row = fc.tuple(fc.nat(KEYS - 1), fc.integer({ min: -1, max: 300 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      rows: fc.array(row, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('read', 'entries', 'close', 'crash') }) },
)

/** A database beside a map that does the same; keys that were put or deleted are used again only as `put`, new ones as `fresh`. */
class Twin {
  readonly model = new Map<number, Uint8Array>()
  private database: Database
  private folder: string
  private readonly root: string
  private copies = 0
  private readonly used = new Set<number>()

  constructor(database: Database, root: string) {
    this.database = database
    this.root = root
    this.folder = `${root}/0`
  }

  async write(rows: readonly (readonly [number, number])[]): Promise<void> {
    await this.database.transact((stage) => {
      for (const [key, length] of rows) {
        const name = keyOf(key)
        const fresh = !this.used.has(key)
        this.used.add(key)
        if (length < 0) {
          stage.del(name)
          this.model.delete(key)
          continue
        }
        const value = new Uint8Array(length).fill((key * 7 + length) & 0xff)
        if (fresh) stage.fresh(name, value)
        else stage.put(name, value)
        this.model.set(key, value)
      }
    })
  }

  async check(): Promise<void> {
    const keys = Array.from({ length: KEYS }, (_, key) => key)
    const values = await this.database.getMany(keys.map(keyOf))
    expect(values.map((value) => value && [...value])).toEqual(
      keys.map((key) => this.model.get(key)).map((value) => value && [...value]),
    )
  }

  async entries(): Promise<void> {
    const found = await this.database.entries(ALL)
    expect(found.map(([key]) => hex(key))).toEqual(
      [...this.model.keys()].map((key) => hex(keyOf(key))).sort(),
    )
  }

  async reopen(): Promise<void> {
    await this.database.close()
    this.database = await openJournaled(this.folder, SEGMENT)
  }

  /**
   * Goes on from a copy of the files as they are now: what a killed process leaves. The journal is copied first, as
   * carrying may go on meanwhile: LevelDB then has at least what the journal no longer has.
   */
  async crash(): Promise<void> {
    const copy = `${this.root}/${++this.copies}`
    const journal = `${this.folder}/journal`
    await cp(journal, `${copy}/journal`, { recursive: true })
    await cp(this.folder, copy, { recursive: true, filter: (path) => path !== journal })
    await this.database.close()
    await rm(`${copy}/LOCK`)
    this.folder = copy
    this.database = await openJournaled(copy, SEGMENT)
  }

  close(): Promise<void> {
    return this.database.close()
  }
}

async function run(twin: Twin, steps: readonly Step[]): Promise<void> {
  for (const one of steps) {
    if (one.kind === 'write') await twin.write(one.rows)
    else if (one.kind === 'read') await twin.check()
    else if (one.kind === 'entries') await twin.entries()
    else if (one.kind === 'close') await twin.reopen()
    else await twin.crash()
  }
}

describe('a journaled database', () => {
  it('holds what a map holds, over full segments, restarts and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const folder = await temporaryFolder()
        const twin = new Twin(await openJournaled(`${folder.path}/0`, SEGMENT), folder.path)
        try {
          await run(twin, steps)
          await twin.check()
          await twin.crash()
          await twin.check()
          await twin.entries()
        } finally {
          await twin.close()
          await folder.remove()
        }
      }),
      // Each run opens and closes the store some ten times: making a failure smaller would take longer than the test may.
      { numRuns: 12, endOnFailure: true },
    )
  }, 120_000)
})
