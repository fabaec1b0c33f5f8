/** Hostile case 52: a generator that fails or repeats makes the call fail; nothing weak is generated. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createNobleCrypto, hpkeSeal, type Rng } from '../../src/index.js'
import { pooledRng } from '../../src/random.js'
import { CREATE, codeOf } from '../providers.js'

const FAULTY: readonly (readonly [string, Rng])[] = [
  [
    'throws',
    () => {
      throw new Error('entropy source is gone')
    },
  ],
  ['answers short', (length) => new Uint8Array(Math.max(0, length - 1)).fill(1)],
  ['answers long', (length) => new Uint8Array(length + 1).fill(1)],
  ['answers empty', () => new Uint8Array(0)],
  ['answers nothing', () => undefined as unknown as Uint8Array],
  ['answers an array', (length) => Array.from({ length }, () => 1) as unknown as Uint8Array],
]

describe.each(CREATE)('%s', (_, create) => {
  it.each(FAULTY)('hostile 52: a generator that %s', (_name, rng) => {
    const crypto = create({ rng })
    const recipient = create({ rng: (length) => new Uint8Array(length).fill(3) }).x25519.generate().publicKey
    const empty = new Uint8Array(0)
    const message = { recipient, info: empty, aad: empty, plaintext: empty }
    expect(codeOf(() => crypto.randomBytes(32))).toBe('crypto/rng-failed')
    expect(codeOf(() => crypto.ed25519.generate())).toBe('crypto/rng-failed')
    expect(codeOf(() => crypto.x25519.generate())).toBe('crypto/rng-failed')
    expect(codeOf(() => hpkeSeal(crypto, message))).toBe('crypto/rng-failed')
  })

  it('hostile 52: a generator that repeats itself', () => {
    const crypto = create({ rng: (length) => new Uint8Array(length).fill(7) })
    crypto.ed25519.generate()
    expect(codeOf(() => crypto.x25519.generate())).toBe('crypto/rng-failed')
    expect(codeOf(() => crypto.randomBytes(32))).toBe('crypto/rng-failed')
  })

  it('hostile 52: a stuck generator shows whatever lengths it is asked for', () => {
    const crypto = create({ rng: (length) => new Uint8Array(length).fill(7) })
    expect(crypto.randomBytes(32)).toHaveLength(32)
    for (const length of [64, 16, 32, 24])
      expect(codeOf(() => crypto.randomBytes(length))).toBe('crypto/rng-failed')
  })

  it('does not keep the array of the generator', () => {
    const shared = new Uint8Array(32).fill(7)
    const crypto = create({ rng: () => shared })
    const key = crypto.x25519.generate()
    shared.fill(9)
    expect(crypto.x25519.exportPrivateKey(key)).toEqual(new Uint8Array(32).fill(7))
  })

  it('hostile 2: refuses absurd lengths before asking', () => {
    let asked = 0
    const crypto = create({ rng: (length) => new Uint8Array(length).fill(++asked) })
    for (const length of [2 ** 30, 2 ** 53, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => crypto.randomBytes(length))).toBe('crypto/bad-length')
    }
    expect(asked).toBe(0)
  })
})

describe('the pool', () => {
  const counting = (): { fill: (target: Uint8Array) => void; pools: Uint8Array[] } => {
    const pools: Uint8Array[] = []
    let next = 0
    const fill = (target: Uint8Array): void => {
      pools.push(target)
      // Byte by byte a different number, and each refill starts elsewhere.
      for (let i = 0; i < target.length; i++) target[i] = (i * 31 + next) % 255 || 1
      next += 17
    }
    return { fill, pools }
  }

  it('copies bytes out, wipes them behind, and serves none twice', () => {
    const { fill, pools } = counting()
    const random = pooledRng(fill)
    const first = random(40)
    const pool = pools[0] as Uint8Array
    expect(first.buffer).not.toBe(pool.buffer)
    expect(first.every((byte) => byte !== 0)).toBe(true)
    expect(pool.subarray(0, 40).every((byte) => byte === 0)).toBe(true)
    const second = random(5)
    expect(second[0]).toBe((40 * 31) % 255)
    expect(pool.subarray(0, 45).every((byte) => byte === 0)).toBe(true)
    expect(pool[45]).not.toBe(0)
  })

  it('asks for nothing before the first request', () => {
    const { fill, pools } = counting()
    const random = pooledRng(fill)
    expect(random(0)).toHaveLength(0)
    expect(pools).toHaveLength(0)
    random(1)
    expect(pools).toHaveLength(1)
  })

  it('refills when it runs dry, and passes long requests by', () => {
    const { fill, pools } = counting()
    const random = pooledRng(fill)
    for (let taken = 0; taken < 65_536; taken += 4096) random(4096)
    expect(pools).toHaveLength(1)
    random(1)
    expect(pools).toHaveLength(2)
    const long = random(200_000)
    expect(long).toHaveLength(200_000)
    expect(long.every((byte) => byte !== 0)).toBe(true)
    // No single fill is longer than what getRandomValues accepts.
    expect(pools.slice(2).map((part) => part.length)).toEqual([65_536, 65_536, 65_536, 3392])
  })

  it('hostile 52: a refill that fails half-way leaves nothing to serve, and a later one heals it', () => {
    const { fill } = counting()
    let broken = false
    const random = pooledRng((target) => {
      fill(target)
      if (broken) throw new Error('interrupted')
    })
    for (let taken = 0; taken < 61_440; taken += 4096) random(4096)
    random(4090)
    broken = true
    // Six bytes were left, and the refill has overwritten them: even two are not served now.
    for (const length of [16, 2, 16]) expect(codeOf(() => random(length))).toBe('crypto/rng-failed')
    broken = false
    expect(random(16).every((byte) => byte !== 0)).toBe(true)
  })

  it('hostile 52: a refill that repeats the one before it is refused', () => {
    const random = pooledRng((target) => {
      target.fill(5)
    })
    for (let taken = 0; taken < 65_536; taken += 4096) random(4096)
    for (let i = 0; i < 3; i++) expect(codeOf(() => random(16))).toBe('crypto/rng-failed')
  })
})

describe('without a platform generator', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  it('hostile 52: fails closed where crypto.getRandomValues is missing', () => {
    vi.stubGlobal('crypto', undefined)
    const crypto = createNobleCrypto()
    expect(codeOf(() => crypto.randomBytes(32))).toBe('crypto/rng-failed')
    expect(codeOf(() => crypto.ed25519.generate())).toBe('crypto/rng-failed')
    vi.unstubAllGlobals()
    expect(crypto.randomBytes(32)).toHaveLength(32)
  })
})
