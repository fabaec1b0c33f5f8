/**
 * The store against a plain map: random transactions, at the same time, over an engine that fails at random.
 * Whatever resolved happened, in order; whatever rejected did not; and the engine holds exactly that.
 */
import { type Engine, encryptedStore, memoryEngine, memoryStore, StoreError } from '@hyphae/store'
import { unsafeSeededRandom } from '@hyphae/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { turn } from '../engines.js'

const KEYS = 6

type Step =
  | { readonly kind: 'increment'; readonly key: number }
  | { readonly kind: 'copy'; readonly key: number; readonly to: number }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'sum' }

interface Job {
  readonly steps: readonly Step[]
  readonly throws: boolean
  readonly pauses: number
}

const key = fc.nat({ max: KEYS - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('increment' as const), key }),
  fc.record({ kind: fc.constant('copy' as const), key, to: key }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('sum' as const) }),
)
const job: fc.Arbitrary<Job> = fc.record({
  steps: fc.array(step, { maxLength: 5 }),
  throws: fc.boolean(),
  pauses: fc.nat({ max: 3 }),
})

interface Cells {
  get(key: number): Promise<number | undefined> | number | undefined
  put(key: number, value: number): void
  delete(key: number): void
  all(): Promise<number[]> | number[]
}

async function perform(cells: Cells, { steps }: Job): Promise<number[]> {
  const seen: number[] = []
  for (const one of steps) {
    if (one.kind === 'increment') cells.put(one.key, ((await cells.get(one.key)) ?? 0) + 1)
    else if (one.kind === 'copy') cells.put(one.to, (await cells.get(one.key)) ?? 0)
    else if (one.kind === 'delete') cells.delete(one.key)
    else seen.push(...(await cells.all()))
  }
  return seen
}

function mapCells(map: Map<number, number>): Cells {
  return {
    get: (cell) => map.get(cell),
    put: (cell, value) => void map.set(cell, value & 0xff),
    delete: (cell) => void map.delete(cell),
    all: () => [...map.keys()].sort((a, b) => a - b).map((cell) => map.get(cell) as number),
  }
}

function flaky(inner: Engine, seed: number): Engine {
  const random = unsafeSeededRandom(seed)
  return {
    ...inner,
    write: async (batch) => {
      for (let wait = random.integer(4); wait > 0; wait--) await turn()
      if (random.chance(0.3)) throw new StoreError('store/full')
      await inner.write(batch)
    },
  }
}

async function check(jobs: readonly Job[], seed: number, encrypted: boolean): Promise<void> {
  const inner = memoryEngine()
  const secret = new Uint8Array(32).fill(7)
  if (encrypted) await (await encryptedStore(inner, { key: secret })).close()
  const engine = flaky(inner, seed)
  const store = encrypted ? await encryptedStore(engine, { key: secret }) : memoryStore({ engine })
  const outcomes = jobs.map((each, index) =>
    store.transact(async (tx) => {
      const seen = await perform(
        {
          get: async (cell) => (await tx.get(['cell', cell]))?.[0],
          put: (cell, value) => tx.put(['cell', cell], Uint8Array.of(value)),
          delete: (cell) => tx.delete(['cell', cell]),
          all: async () => (await tx.list(['cell'])).map(({ value }) => value[0] as number),
        },
        each,
      )
      for (let wait = each.pauses; wait > 0; wait--) await turn()
      if (each.throws && index % 4 === 0) throw new Error('asked for')
      return seen
    }),
  )
  const results = await Promise.allSettled(outcomes)
  const model = new Map<number, number>()
  for (const [index, result] of results.entries())
    if (result.status === 'fulfilled')
      expect(result.value).toEqual(await perform(mapCells(model), jobs[index] as Job))
  await store.close()
  const again = encrypted ? await encryptedStore(inner, { key: secret }) : memoryStore({ engine: inner })
  const stored = (await again.list(['cell'])).map(({ key: [, cell], value }) => [cell, value[0]])
  expect(stored).toEqual([...model].sort(([a], [b]) => a - b))
}

test('any interleaving equals some order of the transactions that succeeded: the one they were begun in', async () => {
  const runs = fc.asyncProperty(fc.array(job, { maxLength: 12 }), fc.nat(), (jobs, seed) =>
    check(jobs, seed, false),
  )
  await fc.assert(runs, { numRuns: 200 })
})

test('the same, encrypted', async () => {
  const runs = fc.asyncProperty(fc.array(job, { maxLength: 12 }), fc.nat(), (jobs, seed) =>
    check(jobs, seed, true),
  )
  await fc.assert(runs, { numRuns: 40 })
})
