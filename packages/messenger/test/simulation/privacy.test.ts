/** What adversaries can claim of a small village, with the protocol's own code (spec/privacy.md section 5). */
import type { Attack } from '@hyphae/testkit'
import { expect, it } from 'vitest'
import { runVillage, type Village } from './village.js'

const SMALL = { seed: 5, nodes: 5, groups: 1, hours: 18, quietHours: 12 } as const

function attacks({ report }: Village, method: Attack['method']): Record<string, Attack['guesses']> {
  const those = report.attacks.filter((one) => one.method === method)
  return Object.fromEntries(those.map(({ adversary, guesses }) => [adversary, guesses]))
}

it('a relay that is read box by box knows who talks to whom', async () => {
  const village = await runVillage({ ...SMALL, mode: 'standard' })
  expect(village.result.failure).toBeUndefined()
  expect(village.direct.delays.length).toBe(village.direct.said)
  const pairs = village.pairs.length
  expect(pairs).toBeGreaterThan(1)
  expect(attacks(village, 'boxes')['second alone']).toEqual({ claimed: pairs, right: pairs, pairs })
  expect(attacks(village, 'lookups')['second alone']?.right).toBeGreaterThan(pairs / 2)
  expect(village.inGroups.delays.length).toBe(village.inGroups.said)
  expect(attacks(village, 'rows')['second alone']?.right).toBeGreaterThan(1)
}, 60_000)

it('over two hops and by buckets no relay alone can claim a pair, and everything arrives', async () => {
  const village = await runVillage({ ...SMALL, mode: 'strict', cover: 'low' })
  expect(village.result.failure).toBeUndefined()
  expect(village.direct.delays.length).toBe(village.direct.said)
  expect(village.pairs.length).toBeGreaterThan(1)
  for (const method of ['boxes', 'lookups'] as const) {
    expect(attacks(village, method)['second alone']).toMatchObject({ claimed: 0 })
    expect(attacks(village, method)['entry alone']).toMatchObject({ claimed: 0 })
  }
  expect(attacks(village, 'boxes')['relays together']).toMatchObject({ claimed: 0 })
  expect(attacks(village, 'buckets')['relays together']).toMatchObject({ claimed: 0 })
  // Nor together: records are looked up by their crowds, and no prekey is asked for.
  expect(attacks(village, 'lookups')['relays together']).toMatchObject({ claimed: 0 })
  // Who writes to one box is in one group, whenever that is; what is said in it does not show.
  expect(village.inGroups.delays.length).toBe(village.inGroups.said)
  expect(attacks(village, 'rows')['relays together']).toMatchObject({ right: 0 })
  expect(attacks(village, 'writers')['relays together']?.right).toBeGreaterThan(1)
}, 60_000)
