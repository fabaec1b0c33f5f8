import { toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import type { KemEngine } from '../src/kem/engine.js'
import { nobleMlKem768 } from '../src/kem/noble.js'
import { prepareKem as preparePortable } from '../src/kem.js'
import { mlKem768, prepareKem } from '../src/kem.node.js'
import { nobleCrypto } from '../src/noble/provider.js'
import { replaceableEngine } from '../src/node/replaceable-engine.js'
import { agree, loadSodiumMlKem768 } from '../src/node/sodium-kem.js'
import { ENGINES_768, KEMS_768 } from './kems.js'

const hex = (engine: KemEngine): string[] => {
  const { publicKey, secretKey } = engine.expand(new Uint8Array(64).fill(3))
  const { ciphertext, secret } = engine.encapsulate(publicKey, new Uint8Array(32).fill(4))
  const opened = engine.decapsulate(ciphertext, secretKey)
  return [publicKey, secretKey, ciphertext, secret, opened].map(toHex)
}

const changed = (engine: KemEngine): KemEngine => ({
  ...engine,
  decapsulate: (ciphertext, secretKey) => engine.decapsulate(ciphertext, secretKey).map((byte) => byte ^ 1),
})

describe('the libraries', () => {
  it('give the same bytes for random seeds, messages and changed ciphertexts', () => {
    const crypto = nobleCrypto
    const [[, noble], [, sodium]] = ENGINES_768
    for (let i = 0; i < 40; i++) {
      const [seed, random] = [crypto.randomBytes(64), crypto.randomBytes(32)]
      const [a, b] = [noble.expand(seed), sodium.expand(seed)]
      expect(toHex(a.publicKey)).toBe(toHex(b.publicKey))
      expect(toHex(a.secretKey)).toBe(toHex(b.secretKey))
      const [c, d] = [noble.encapsulate(a.publicKey, random), sodium.encapsulate(a.publicKey, random)]
      expect([c.ciphertext, c.secret].map(toHex)).toEqual([d.ciphertext, d.secret].map(toHex))
      const wrong = c.ciphertext.slice()
      wrong[i] = (wrong[i] as number) ^ (1 << (i % 8))
      expect(toHex(noble.decapsulate(wrong, b.secretKey))).toBe(toHex(sodium.decapsulate(wrong, a.secretKey)))
    }
  })

  it('know each other’s keys: one that either made works with every KEM of its name', () => {
    for (const [, maker] of KEMS_768) {
      const key = maker.importSeed(new Uint8Array(64).fill(5))
      for (const [, kem] of KEMS_768) {
        const { ciphertext, secret } = kem.unsafeEncapsulate(key.publicKey, new Uint8Array(32).fill(6))
        for (const [, other] of KEMS_768)
          expect(toHex(other.decapsulate(key, ciphertext))).toBe(toHex(secret))
      }
    }
  })

  it('are told apart when one gives other bytes', () => {
    expect(agree(nobleMlKem768, nobleMlKem768)).toBe(true)
    expect(agree(nobleMlKem768, changed(nobleMlKem768))).toBe(false)
  })
})

describe('loading', () => {
  it('takes libsodium where it agrees, and nothing where it does not', async () => {
    expect(await loadSodiumMlKem768(nobleMlKem768)).not.toBeNull()
    expect(await loadSodiumMlKem768(changed(nobleMlKem768))).toBeNull()
  })

  it('serves before, during and after, with the same bytes, and begins once', async () => {
    const served: string[] = []
    const named = (name: string): KemEngine => ({
      ...nobleMlKem768,
      expand: (seed) => {
        served.push(name)
        return nobleMlKem768.expand(seed)
      },
    })
    let begun = 0
    let finish: (engine: KemEngine) => void = () => {}
    const { engine, prepare } = replaceableEngine(named('first'), () => {
      begun++
      return new Promise((resolve) => {
        finish = resolve
      })
    })
    expect(begun).toBe(0)
    const before = hex(engine)
    expect(hex(engine)).toEqual(before)
    finish(named('faster'))
    expect([await prepare(), await prepare()]).toEqual([true, true])
    expect(hex(engine)).toEqual(before)
    expect([begun, served]).toEqual([1, ['first', 'first', 'faster']])
  })

  it('keeps the first engine when there is no other', async () => {
    const { engine, prepare } = replaceableEngine(nobleMlKem768, () => Promise.resolve(null))
    expect(await prepare()).toBe(false)
    expect(hex(engine)).toEqual(hex(nobleMlKem768))
  })

  it('is asked for by name, and tells which library serves', async () => {
    expect(await prepareKem()).toBe('libsodium')
    expect(await preparePortable()).toBe('noble')
    expect(mlKem768.importSeed(new Uint8Array(64)).publicKey.length).toBe(1184)
  })
})
