/** What the interface promises beyond the mathematics: ownership of bytes, lengths, keys of either provider. */
import { describe, expect, it } from 'vitest'
import * as portable from '../src/index.js'
import { constantTimeEqual, hkdfExpand, nobleCrypto, unsafeSeededRng, zeroize } from '../src/index.js'
import * as forNode from '../src/index.node.js'
import { AEADS, CREATE, codeOf, PROVIDERS } from './providers.js'

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

describe.each(PROVIDERS)('%s', (name, crypto) => {
  it('names itself and cannot be changed', () => {
    expect(crypto.name).toBe(name)
    expect(Object.isFrozen(crypto)).toBe(true)
  })

  it('returns plain arrays that share memory with nothing', () => {
    const [key, nonce, input] = [seed(1), new Uint8Array(12), new Uint8Array(100)]
    const sealed = crypto.chacha20Poly1305.seal(key, nonce, input, input)
    const agreement = crypto.x25519.generate()
    const outputs = [
      crypto.randomBytes(10),
      crypto.sha256(input),
      crypto.sha512(input),
      crypto.createSha256().update(input).digest(),
      crypto.hmacSha256(key, input),
      crypto.hmacSha512(key, input),
      crypto.hkdfSha256(key, input, input, 40),
      crypto.chacha20(key, nonce, 64),
      crypto.chacha20(key, nonce, 1000),
      sealed,
      crypto.chacha20Poly1305.open(key, nonce, sealed, input) as Uint8Array,
      crypto.ed25519.sign(crypto.ed25519.importSeed(key), input),
      crypto.ed25519.exportSeed(crypto.ed25519.importSeed(key)),
      crypto.ed25519.importSeed(key).publicKey,
      agreement.publicKey,
      crypto.x25519.dh(agreement, crypto.x25519.generate().publicKey),
      crypto.x25519.exportPrivateKey(agreement),
      crypto.scrypt(key, nonce, { N: 16, r: 1, p: 1 }, 32),
    ]
    for (const output of outputs) {
      // A Buffer's slice is a view, and its memory may be a pool shared with strangers.
      expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype)
      expect(output.buffer.byteLength).toBe(output.length)
    }
    expect(new Set(outputs.map((output) => output.buffer)).size).toBe(outputs.length)
  })

  it('keeps a copy of an imported secret and hands out copies', () => {
    const bytes = seed(5)
    const [signing, agreement] = [crypto.ed25519.importSeed(bytes), crypto.x25519.importPrivateKey(bytes)]
    bytes.fill(9)
    expect(crypto.ed25519.exportSeed(signing)).toEqual(seed(5))
    crypto.x25519.exportPrivateKey(agreement).fill(9)
    expect(crypto.x25519.exportPrivateKey(agreement)).toEqual(seed(5))
  })

  it('works with keys of the other provider', () => {
    for (const [, other] of PROVIDERS) {
      const key = other.ed25519.generate()
      const message = crypto.randomBytes(20)
      expect(other.ed25519.verify(key.publicKey, message, crypto.ed25519.sign(key, message))).toBe(true)
      const [a, b] = [other.x25519.generate(), crypto.x25519.generate()]
      expect(crypto.x25519.dh(a, b.publicKey)).toEqual(other.x25519.dh(b, a.publicKey))
    }
  })

  it('refuses what is not a key, or a key of another kind', () => {
    const signing = crypto.ed25519.generate()
    const agreement = crypto.x25519.generate()
    const lookalike = { kind: 'x25519' as const, publicKey: agreement.publicKey }
    const message = new Uint8Array(1)
    expect(codeOf(() => crypto.x25519.dh(lookalike, agreement.publicKey))).toBe('crypto/foreign-key')
    expect(codeOf(() => crypto.x25519.exportPrivateKey(lookalike))).toBe('crypto/foreign-key')
    // @ts-expect-error the kinds are distinct types
    expect(codeOf(() => crypto.x25519.dh(signing, agreement.publicKey))).toBe('crypto/foreign-key')
    // @ts-expect-error the kinds are distinct types
    expect(codeOf(() => crypto.ed25519.sign(agreement, message))).toBe('crypto/foreign-key')
    // @ts-expect-error callers in JavaScript may pass anything
    expect(codeOf(() => crypto.ed25519.sign(undefined, message))).toBe('crypto/foreign-key')
  })

  it('refuses wrong lengths before it does anything', () => {
    const data = new Uint8Array(10)
    for (const name of AEADS) {
      const { keyLength, nonceLength, seal, open } = crypto[name]
      const [key, nonce] = [new Uint8Array(keyLength), new Uint8Array(nonceLength)]
      for (const off of [-1, 1]) {
        const [badKey, badNonce] = [new Uint8Array(keyLength + off), new Uint8Array(nonceLength + off)]
        expect(codeOf(() => seal(badKey, nonce, data, data))).toBe('crypto/bad-length')
        expect(codeOf(() => seal(key, badNonce, data, data))).toBe('crypto/bad-length')
        expect(codeOf(() => open(badKey, nonce, data, data))).toBe('crypto/bad-length')
        expect(codeOf(() => open(key, badNonce, data, data))).toBe('crypto/bad-length')
      }
      expect(open(key, nonce, new Uint8Array(15), data)).toBeNull()
      expect(open(key, nonce, new Uint8Array(0), data)).toBeNull()
    }
    for (const length of [10, 1000]) {
      expect(codeOf(() => crypto.chacha20(new Uint8Array(31), new Uint8Array(12), length))).toBe(
        'crypto/bad-length',
      )
      expect(codeOf(() => crypto.chacha20(seed(1), new Uint8Array(24), length))).toBe('crypto/bad-length')
    }
  })

  it('spends a hasher with its digest', () => {
    const hasher = crypto.createSha256().update(seed(1))
    hasher.digest()
    expect(codeOf(() => hasher.digest())).toBe('crypto/hasher-spent')
    expect(codeOf(() => hasher.update(seed(1)))).toBe('crypto/hasher-spent')
  })
})

describe.each(CREATE)('%s', (_, create) => {
  it('takes all its randomness, keys included, from the injected generator', () => {
    const make = () => create({ rng: unsafeSeededRng(seed(1)) })
    const [a, b] = [make(), make()]
    expect(a.randomBytes(20)).toEqual(b.randomBytes(20))
    expect(a.ed25519.exportSeed(a.ed25519.generate())).toEqual(b.ed25519.exportSeed(b.ed25519.generate()))
    expect(a.x25519.generate().publicKey).toEqual(b.x25519.generate().publicKey)
    const other = create({ rng: unsafeSeededRng(seed(2)) })
    expect(other.randomBytes(20)).not.toEqual(make().randomBytes(20))
  })
})

it('the seeded generator never repeats within one seed', () => {
  const random = unsafeSeededRng(seed(3))
  const seen = new Set(Array.from({ length: 500 }, () => random(16).join()))
  expect(seen.size).toBe(500)
  expect(codeOf(() => unsafeSeededRng(new Uint8Array(31)))).toBe('crypto/bad-length')
})

it('compares in one way and forgets on demand', () => {
  expect(constantTimeEqual(seed(1), seed(1))).toBe(true)
  expect(constantTimeEqual(seed(1), seed(2))).toBe(false)
  expect(constantTimeEqual(seed(1), seed(1).subarray(1))).toBe(false)
  for (let i = 0; i < 32; i++) {
    const other = seed(1)
    other[i] = 0
    expect(constantTimeEqual(seed(1), other)).toBe(false)
  }
  const [a, b] = [seed(1), seed(2)]
  zeroize(a, b)
  expect([a, b]).toEqual([seed(0), seed(0)])
})

it('expands nothing from nothing asked, and refuses what RFC 5869 refuses', () => {
  expect(hkdfExpand(nobleCrypto, seed(1), new Uint8Array(0), 0)).toHaveLength(0)
  for (const length of [255 * 32 + 1, -1, 1.5, Number.NaN]) {
    expect(codeOf(() => hkdfExpand(nobleCrypto, seed(1), new Uint8Array(0), length))).toBe(
      'crypto/bad-length',
    )
  }
})

it('has the same face on both entries, but for the node provider', () => {
  const extra = Object.keys(forNode).filter((name) => !(name in portable))
  expect(extra.sort()).toEqual(['createNodeCrypto', 'nodeCrypto'])
  expect(Object.keys(portable).every((name) => name in forNode)).toBe(true)
  expect(portable.defaultCrypto.name).toBe('noble')
  expect(forNode.defaultCrypto.name).toBe('node')
})
