import { unsafeSeededRandom } from '@hyphae/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('the same seed gives the same, another seed another', () => {
  const bytes = (seed: number): string => unsafeSeededRandom(seed).bytes(32).join()
  expect(bytes(1)).toBe(bytes(1))
  expect(new Set([0, 1, 2, 3, 2 ** 32, 2 ** 40].map(bytes)).size).toBe(6)
})

test('numbers stay in their range and use all of it', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
      const random = unsafeSeededRandom(seed)
      for (let n = 0; n < 20; n++) {
        const next = random.next()
        expect(next >= 0 && next < 1).toBe(true)
        const integer = random.integer(below)
        expect(Number.isInteger(integer) && integer >= 0 && integer < below).toBe(true)
      }
    }),
  )
  const random = unsafeSeededRandom(7)
  const counts = new Array(10).fill(0)
  for (let n = 0; n < 10_000; n++) counts[random.integer(10)] += 1
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  const heads = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length
  expect(Math.abs(heads - 2500)).toBeLessThan(200)
})

test('shuffle keeps the items and leaves the input alone', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat()), (seed, items) => {
      const before = [...items]
      const shuffled = unsafeSeededRandom(seed).shuffle(items)
      expect(items).toEqual(before)
      expect([...shuffled].sort()).toEqual([...before].sort())
    }),
  )
})

test('pick needs something to pick from', () => {
  const random = unsafeSeededRandom(1)
  expect(['a', 'b']).toContain(random.pick(['a', 'b']))
  expect(() => random.pick([])).toThrow(RangeError)
})
