import { format, inspect } from 'node:util'
import { toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { mlKem768, mlKem1024 } from '../src/kem.js'
import type { KemPrivateKey } from '../src/kem.node.js'
import { KEMS } from './kems.js'
import { CREATE, codeOf, PROVIDERS } from './providers.js'

describe.each(KEMS)('%s', (_library, kem, publicKeyBytes, ciphertextBytes) => {
  const { name } = kem

  it.each(PROVIDERS)('agrees on a secret, with randomness of %s', (_, crypto) => {
    const { publicKey, privateKey } = kem.generate(crypto)
    const { ciphertext, secret } = kem.encapsulate(crypto, publicKey)
    expect([publicKey.length, ciphertext.length, secret.length]).toEqual([
      publicKeyBytes,
      ciphertextBytes,
      32,
    ])
    expect([kem.publicKeyBytes, kem.ciphertextBytes]).toEqual([publicKeyBytes, ciphertextBytes])
    expect(toHex(kem.decapsulate(privateKey, ciphertext))).toBe(toHex(secret))
    const again = kem.importSeed(kem.exportSeed(privateKey))
    expect(toHex(again.publicKey)).toBe(toHex(publicKey))
    expect(toHex(kem.decapsulate(again, ciphertext))).toBe(toHex(secret))
    expect(toHex(kem.encapsulate(crypto, publicKey).secret)).not.toBe(toHex(secret))
  })

  it.each(CREATE)('takes all randomness from %s: the same bytes give the same outputs', (_, create) => {
    const run = (): string[] => {
      let byte = 0
      const crypto = create({ rng: (length) => new Uint8Array(length).fill(++byte) })
      const { publicKey } = kem.generate(crypto)
      const { ciphertext, secret } = kem.encapsulate(crypto, publicKey)
      return [publicKey, ciphertext, secret].map(toHex)
    }
    expect(run()).toEqual(run())
  })

  it('hostile 52: a generator that fails gives no key and no ciphertext', () => {
    const crypto = CREATE[0]?.[1]({
      rng: () => {
        throw new Error('no entropy')
      },
    })
    if (crypto === undefined) throw new Error('no provider')
    expect(codeOf(() => kem.generate(crypto))).toBe('crypto/rng-failed')
    const { publicKey } = kem.generate(PROVIDERS[0]?.[1] ?? crypto)
    expect(codeOf(() => kem.encapsulate(crypto, publicKey))).toBe('crypto/rng-failed')
  })

  it('rejects a changed ciphertext with another secret, the same each time', () => {
    const crypto = PROVIDERS[0]?.[1]
    if (crypto === undefined) throw new Error('no provider')
    const { publicKey, privateKey } = kem.generate(crypto)
    const { ciphertext, secret } = kem.encapsulate(crypto, publicKey)
    ciphertext[7] = (ciphertext[7] as number) ^ 1
    const wrong = toHex(kem.decapsulate(privateKey, ciphertext))
    expect(wrong).not.toBe(toHex(secret))
    expect(toHex(kem.decapsulate(privateKey, ciphertext))).toBe(wrong)
  })

  it('refuses every wrong length and unreduced coefficient', () => {
    const seed = new Uint8Array(64).fill(9)
    const key = kem.importSeed(seed)
    for (const length of [0, 32, 63, 65]) {
      expect(codeOf(() => kem.importSeed(new Uint8Array(length)))).toBe('crypto/bad-length')
    }
    for (const length of [0, ciphertextBytes - 1, ciphertextBytes + 1]) {
      expect(codeOf(() => kem.decapsulate(key, new Uint8Array(length)))).toBe('crypto/bad-length')
    }
    expect(codeOf(() => kem.unsafeEncapsulate(key.publicKey, new Uint8Array(31)))).toBe('crypto/bad-length')
    for (const at of [0, 1, 768, publicKeyBytes - 34]) {
      const bad = key.publicKey.slice()
      bad.fill(0xff, at, at + 2)
      expect(kem.isAcceptablePublicKey(bad)).toBe(false)
      expect(codeOf(() => kem.unsafeEncapsulate(bad, seed.subarray(32)))).toBe('crypto/bad-public-key')
    }
    const rho = key.publicKey.slice()
    rho.fill(0xff, publicKeyBytes - 32)
    expect(kem.isAcceptablePublicKey(rho)).toBe(true)
    expect(kem.isAcceptablePublicKey(rho.subarray(1))).toBe(false)
  })

  it('refuses a key of another kind, or one that it did not make', () => {
    const other = (name === 'ml-kem-768' ? mlKem1024 : mlKem768).importSeed(new Uint8Array(64).fill(1))
    const forged = { kind: name, publicKey: other.publicKey } as KemPrivateKey
    for (const key of [other, forged, null as unknown as KemPrivateKey]) {
      expect(codeOf(() => kem.decapsulate(key, new Uint8Array(ciphertextBytes)))).toBe('crypto/foreign-key')
      expect(codeOf(() => kem.exportSeed(key))).toBe('crypto/foreign-key')
    }
  })

  it('hostile 49: printing, serialising or cloning a key shows its public half only', () => {
    const seed = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 211) % 256)
    const key = kem.importSeed(seed)
    kem.decapsulate(key, new Uint8Array(ciphertextBytes))
    const options = {
      depth: null,
      showHidden: true,
      getters: true,
      maxArrayLength: null,
      maxStringLength: null,
    }
    const texts = [
      inspect(key),
      inspect(key, options),
      inspect(key, { ...options, customInspect: false }),
      JSON.stringify({ key }),
      format('%s %o %O %j', key, key, key, key),
      String(key),
      inspect(structuredClone(key)),
      inspect(Object.entries(key)),
    ].map((text) => text.toLowerCase().replace(/\s+/g, ' '))
    for (let at = 0; at + 8 <= seed.length; at++) {
      const part = seed.subarray(at, at + 8)
      for (const spelling of [toHex(part), part.join(), part.join(', ')]) {
        for (const text of texts) expect(text.includes(spelling)).toBe(false)
      }
    }
    expect(JSON.parse(JSON.stringify(key))).toEqual({ kind: name, publicKey: toHex(key.publicKey) })
  })
})
