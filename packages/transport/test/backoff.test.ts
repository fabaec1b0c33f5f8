import { unsafeSeededRandom } from '@hyphae/testkit'
import { backoffMs, FIRST_RETRY_MS, LAST_RETRY_MS } from '@hyphae/transport'
import { expect, test } from 'vitest'

test('hostile 54: waits double, are capped, and are spread over half of their length', () => {
  const random = unsafeSeededRandom(1)
  for (let attempt = 0; attempt < 2000; attempt++) {
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 20))
    const wait = backoffMs(attempt, random.next)
    expect(wait).toBeGreaterThanOrEqual(longest / 2)
    expect(wait).toBeLessThanOrEqual(longest)
  }
  const waits = Array.from({ length: 1000 }, () => backoffMs(10, random.next))
  expect(new Set(waits).size).toBeGreaterThan(900)
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(LAST_RETRY_MS * 0.45)
})
