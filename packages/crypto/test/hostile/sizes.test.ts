/** Hostile case 2: a length or a cost from outside is refused before memory is taken. */
import { describe, expect, it } from 'vitest'
import { codeOf, PROVIDERS } from '../providers.js'

const SMALL = new Uint8Array(4)
const COSTS = [
  { N: 2 ** 30, r: 8, p: 1 },
  { N: 2 ** 20, r: 1024, p: 1 },
  { N: 2 ** 14, r: 8, p: 17 },
  { N: 2 ** 14, r: 8, p: 2 ** 30 },
  { N: 2 ** 53, r: 8, p: 1 },
  { N: 1000, r: 8, p: 1 },
  { N: 1, r: 8, p: 1 },
  { N: 0, r: 8, p: 1 },
  { N: -16, r: 8, p: 1 },
  { N: 16, r: 0, p: 1 },
  { N: 16, r: 1.5, p: 1 },
  { N: 16, r: 8, p: 0 },
  { N: Number.NaN, r: 8, p: 1 },
]

describe.each(PROVIDERS)('%s', (_, crypto) => {
  it('hostile 2: refuses scrypt costs out of bounds', () => {
    for (const cost of COSTS) {
      expect(
        codeOf(() => crypto.scrypt(SMALL, SMALL, cost, 32)),
        JSON.stringify(cost),
      ).toBe('crypto/bad-parameters')
    }
    expect(codeOf(() => crypto.scrypt(SMALL, SMALL, { N: 16, r: 1, p: 1 }, 2 ** 30))).toBe(
      'crypto/bad-length',
    )
  })

  it('hostile 2: refuses long outputs without allocating them', () => {
    const key = new Uint8Array(32)
    const before = process.memoryUsage().arrayBuffers
    for (const length of [2 ** 30, 2 ** 53]) {
      expect(codeOf(() => crypto.randomBytes(length))).toBe('crypto/bad-length')
      expect(codeOf(() => crypto.chacha20(key, new Uint8Array(12), length))).toBe('crypto/bad-length')
      expect(codeOf(() => crypto.hkdfSha256(key, key, key, length))).toBe('crypto/bad-length')
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })
})
