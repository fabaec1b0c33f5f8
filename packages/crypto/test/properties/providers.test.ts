/** All providers give the same bytes and the same verdicts for the same input. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nobleCrypto } from '../../src/index.js'
import { nodeCrypto } from '../../src/index.node.js'
import { slimCrypto } from '../../src/slim.js'
import { AEADS, nativeCrypto } from '../providers.js'

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })
/** Lengths around every block boundary: 56, 440 and 1976 are the bodies of the frames. */
const data = fc.oneof(bytes(0, 200), bytes(56), bytes(440), bytes(1976), bytes(0, 4096))
const key32 = bytes(32)
/** Besides nobleCrypto. */
const OTHERS = [nodeCrypto, slimCrypto]

/** Frozen copies catch a provider that writes into its input. */
function unchanged(inputs: readonly Uint8Array[], run: () => void): void {
  const before = inputs.map((input) => Uint8Array.from(input))
  run()
  expect(inputs).toEqual(before)
}

it('hashes and keyed hashes are equal', () => {
  fc.assert(
    fc.property(bytes(0, 300), data, (key, input) => {
      unchanged([key, input], () => {
        expect(nodeCrypto.sha256(input)).toEqual(nobleCrypto.sha256(input))
        expect(nodeCrypto.sha512(input)).toEqual(nobleCrypto.sha512(input))
        expect(nodeCrypto.hmacSha256(key, input)).toEqual(nobleCrypto.hmacSha256(key, input))
        expect(nodeCrypto.hmacSha512(key, input)).toEqual(nobleCrypto.hmacSha512(key, input))
      })
    }),
  )
})

it('an incremental hash equals the one-shot hash, however the input is split', () => {
  fc.assert(
    fc.property(fc.array(bytes(0, 200), { maxLength: 8 }), (parts) => {
      const whole = Uint8Array.from(parts.flatMap((part) => [...part]))
      for (const crypto of [nobleCrypto, nodeCrypto]) {
        const hasher = crypto.createSha256()
        for (const part of parts) hasher.update(part)
        expect(hasher.digest()).toEqual(nobleCrypto.sha256(whole))
      }
    }),
  )
})

it('HKDF is equal', () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(255 * 32, 255 * 32 - 1))
  fc.assert(
    fc.property(bytes(0, 100), bytes(0, 100), bytes(0, 100), lengths, (ikm, salt, info, length) => {
      unchanged([ikm, salt, info], () => {
        const expected = nobleCrypto.hkdfSha256(ikm, salt, info, length)
        expect(expected).toHaveLength(length)
        expect(nodeCrypto.hkdfSha256(ikm, salt, info, length)).toEqual(expected)
      })
    }),
  )
})

it('the ChaCha20 keystream is equal, on both sides of the switch between libraries', () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 200, max: 600 }))
  fc.assert(
    fc.property(key32, bytes(12), lengths, (key, nonce, length) => {
      unchanged([key, nonce], () => {
        const expected = nobleCrypto.chacha20(key, nonce, length)
        for (const other of OTHERS) expect(other.chacha20(key, nonce, length)).toEqual(expected)
      })
    }),
  )
})

describe.each(AEADS)('%s', (name) => {
  const noble = nobleCrypto[name]
  const native = [nodeCrypto[name], nativeCrypto[name]]
  const others = name === 'chacha20Poly1305' ? [...native, slimCrypto[name]] : native

  it('seals alike and opens what the other sealed', () => {
    for (const { keyLength, nonceLength } of others) {
      expect([keyLength, nonceLength]).toEqual([noble.keyLength, noble.nonceLength])
    }
    fc.assert(
      fc.property(bytes(noble.keyLength), bytes(noble.nonceLength), data, data, (key, nonce, text, ad) => {
        unchanged([key, nonce, text, ad], () => {
          const sealed = noble.seal(key, nonce, text, ad)
          for (const other of others) expect(other.seal(key, nonce, text, ad)).toEqual(sealed)
          for (const aead of [noble, ...others]) expect(aead.open(key, nonce, sealed, ad)).toEqual(text)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('hostile 51: answers null to every change, and never throws on what came from outside', () => {
    fc.assert(
      fc.property(
        bytes(noble.keyLength),
        bytes(noble.nonceLength),
        bytes(0, 80),
        bytes(0, 40),
        fc.nat(),
        (key, nonce, text, ad, at) => {
          const sealed = noble.seal(key, nonce, text, ad)
          const flipped = sealed.map((byte, i) => (i === at % sealed.length ? byte ^ (1 << (at % 8)) : byte))
          const other = Uint8Array.of(...ad, 0)
          for (const aead of [noble, ...others]) {
            expect(aead.open(key, nonce, flipped, ad)).toBeNull()
            expect(aead.open(key, nonce, sealed, other)).toBeNull()
            expect(aead.open(key, nonce, sealed.subarray(0, at % sealed.length), ad)).toBeNull()
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

it('Ed25519 keys and signatures are equal, and each verifies the other', () => {
  fc.assert(
    fc.property(key32, data, (seed, message) => {
      unchanged([seed, message], () => {
        const a = nobleCrypto.ed25519.importSeed(seed)
        const signature = nobleCrypto.ed25519.sign(a, message)
        expect(nobleCrypto.ed25519.verify(a.publicKey, message, signature)).toBe(true)
        for (const { ed25519 } of OTHERS) {
          const b = ed25519.importSeed(seed)
          expect(b.publicKey).toEqual(a.publicKey)
          expect(ed25519.sign(b, message)).toEqual(signature)
          expect(ed25519.sign(a, message)).toEqual(signature)
          expect(ed25519.verify(a.publicKey, message, signature)).toBe(true)
          expect(ed25519.exportSeed(a)).toEqual(seed)
        }
      })
    }),
    { numRuns: 30 },
  )
})

it('hostile 13: random keys and signatures get one verdict', () => {
  fc.assert(
    fc.property(key32, data, bytes(64), (publicKey, message, signature) => {
      const verdict = nobleCrypto.ed25519.verify(publicKey, message, signature)
      for (const { ed25519 } of OTHERS) expect(ed25519.verify(publicKey, message, signature)).toBe(verdict)
    }),
    { numRuns: 200 },
  )
})

it('X25519 keys and shared secrets are equal, for any 32 bytes as the other key', () => {
  fc.assert(
    fc.property(key32, key32, (secret, publicKey) => {
      unchanged([secret, publicKey], () => {
        const a = nobleCrypto.x25519.importPrivateKey(secret)
        const shared = nobleCrypto.x25519.dh(a, publicKey)
        for (const { x25519 } of OTHERS) {
          const b = x25519.importPrivateKey(secret)
          expect(b.publicKey).toEqual(a.publicKey)
          expect(x25519.dh(b, publicKey)).toEqual(shared)
          expect(x25519.exportPrivateKey(a)).toEqual(secret)
        }
      })
    }),
    { numRuns: 30 },
  )
})

it('scrypt is equal', () => {
  const cost = fc.record({
    N: fc.constantFrom(2, 4, 16, 128, 1024),
    r: fc.integer({ min: 1, max: 4 }),
    p: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(bytes(0, 40), bytes(0, 40), cost, fc.integer({ min: 1, max: 80 }), (password, salt, c, n) => {
      unchanged([password, salt], () => {
        expect(nodeCrypto.scrypt(password, salt, c, n)).toEqual(nobleCrypto.scrypt(password, salt, c, n))
      })
    }),
    { numRuns: 25 },
  )
})
