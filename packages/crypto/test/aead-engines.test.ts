import { toHex } from '@hyphae/core'
import libsodium from 'libsodium-wrappers'
import { describe, expect, it } from 'vitest'
import { prepareSymmetric as preparePortable } from '../src/index.js'
import { prepareSymmetric } from '../src/index.node.js'
import {
  CALLS_BEFORE_LOADING,
  SODIUM_ASSOCIATED_BYTES,
  SODIUM_OPEN_BYTES,
  SODIUM_SEAL_BYTES,
} from '../src/limits.js'
import { nativeChacha } from '../src/node/aead.js'
import { type ChachaEngine, replaceableAead } from '../src/node/replaceable-aead.js'
import {
  chachaEnginesAgree,
  loadSodiumChacha,
  type SodiumModule,
  sodiumChacha,
} from '../src/node/sodium-aead.js'

const KEY = new Uint8Array(32).fill(0xa7)
const NONCE = new Uint8Array(12).fill(1)
const NOTHING = new Uint8Array()

/** Counts what it is given. */
function counted(log: string[], name: string): ChachaEngine {
  return {
    seal: (key, nonce, plaintext, ad) => {
      log.push(name)
      return nativeChacha.seal(key, nonce, plaintext, ad)
    },
    open: (key, nonce, sealed, ad) => {
      log.push(name)
      return nativeChacha.open(key, nonce, sealed, ad)
    },
  }
}

describe('the engine over libsodium', () => {
  it('is told from one that gives other bytes, or opens what was changed', () => {
    expect(chachaEnginesAgree(nativeChacha, nativeChacha)).toBe(true)
    const wrongBytes: ChachaEngine = {
      ...nativeChacha,
      seal: (key, nonce, plaintext, ad) =>
        nativeChacha.seal(key, nonce, plaintext, ad).map((byte) => byte ^ 1),
    }
    const tooKind: ChachaEngine = {
      ...nativeChacha,
      open: (key, nonce, sealed, ad) => nativeChacha.open(key, nonce, sealed, ad) ?? NOTHING,
    }
    const deaf: ChachaEngine = {
      seal: (key, nonce, plaintext) => nativeChacha.seal(key, nonce, plaintext, NOTHING),
      open: (key, nonce, sealed) => nativeChacha.open(key, nonce, sealed, NOTHING),
    }
    for (const wrong of [wrongBytes, tooKind, deaf])
      expect(chachaEnginesAgree(nativeChacha, wrong)).toBe(false)
  })

  it('is taken where it agrees, and not where it does not', async () => {
    expect(await loadSodiumChacha(nativeChacha)).not.toBeNull()
    const other: ChachaEngine = { ...nativeChacha, open: () => null }
    expect(await loadSodiumChacha(other)).toBeNull()
  })

  it('hostile 49: leaves neither key nor plaintext in the memory of the library', async () => {
    await libsodium.ready
    const { libsodium: module } = libsodium as unknown as { readonly libsodium: SodiumModule }
    const engine = sodiumChacha(module)
    // Whole blocks: what is over goes through the library's stack, and stays there until its next call.
    const plaintext = new Uint8Array(640).fill(0x5e)
    const sealed = engine.seal(KEY, NONCE, plaintext, NOTHING)
    expect(engine.open(KEY, NONCE, sealed, NOTHING)).toEqual(plaintext)
    const changed = sealed.map((byte, i) => (i === 3 ? byte ^ 1 : byte))
    expect(engine.open(KEY, NONCE, changed, NOTHING)).toBeNull()
    const memory = Buffer.from(module.HEAPU8.buffer)
    expect(memory.includes(Buffer.from(KEY))).toBe(false)
    expect(memory.includes(Buffer.from(plaintext.subarray(0, 32)))).toBe(false)
  })
})

describe('loading', () => {
  it('begins when many were sealed, once, and serves throughout with the same bytes', async () => {
    const served: string[] = []
    let begun = 0
    let finish: (engine: ChachaEngine) => void = () => {}
    const { engine, prepare } = replaceableAead(counted(served, 'first'), () => {
      begun += 1
      return new Promise((resolve) => {
        finish = resolve
      })
    })
    const before = toHex(engine.seal(KEY, NONCE, KEY, NOTHING))
    for (let i = 2; i < CALLS_BEFORE_LOADING; i++) engine.open(KEY, NONCE, KEY, NOTHING)
    expect(begun).toBe(0)
    engine.seal(KEY, NONCE, KEY, NOTHING)
    expect(begun).toBe(1)
    finish(counted(served, 'faster'))
    expect([await prepare(), await prepare(), begun]).toEqual([true, true, 1])
    expect(toHex(engine.seal(KEY, NONCE, KEY, NOTHING))).toBe(before)
    expect(served.slice(-2)).toEqual(['first', 'faster'])
  })

  it('leaves what is long to the first engine', async () => {
    const served: string[] = []
    const { engine, prepare } = replaceableAead(counted(served, 'first'), async () =>
      counted(served, 'faster'),
    )
    await prepare()
    const seal = (bytes: number, ad: number): Uint8Array =>
      engine.seal(KEY, NONCE, new Uint8Array(bytes), new Uint8Array(ad))
    const open = (bytes: number, ad: number): void => {
      const data = new Uint8Array(ad)
      const sealed = nativeChacha.seal(KEY, NONCE, new Uint8Array(bytes), data)
      expect(engine.open(KEY, NONCE, sealed, data)).toEqual(new Uint8Array(bytes))
    }
    seal(SODIUM_SEAL_BYTES, SODIUM_ASSOCIATED_BYTES)
    open(SODIUM_OPEN_BYTES, SODIUM_ASSOCIATED_BYTES)
    seal(SODIUM_SEAL_BYTES + 1, 0)
    open(SODIUM_OPEN_BYTES + 1, 0)
    seal(0, SODIUM_ASSOCIATED_BYTES + 1)
    open(0, SODIUM_ASSOCIATED_BYTES + 1)
    expect(served).toEqual(['faster', 'faster', 'first', 'first', 'first', 'first'])
  })

  it('keeps the first engine when there is no other', async () => {
    const { engine, prepare } = replaceableAead(nativeChacha, () => Promise.resolve(null))
    expect(await prepare()).toBe(false)
    expect(engine.seal(KEY, NONCE, KEY, NOTHING)).toEqual(nativeChacha.seal(KEY, NONCE, KEY, NOTHING))
  })

  it('can be asked for, and tells which library serves', async () => {
    expect(await prepareSymmetric()).toBe('libsodium')
    expect(await preparePortable()).toBe('noble')
  })
})
