import { equalBytes } from '@hyphae/core'
import fc from 'fast-check'
import libsodium from 'libsodium-wrappers'
import { describe, expect, it } from 'vitest'
import { CALLS_BEFORE_LOADING, SODIUM_HMAC_BYTES, SODIUM_HMAC_KEY_BYTES } from '../src/limits.js'
import { nativeHmacSha256 } from '../src/node/hmac.js'
import { type Hmac, replaceableHmac } from '../src/node/replaceable-hmac.js'
import {
  hmacsAgree,
  loadSodiumHmac,
  type SodiumHkdfModule,
  sodiumHmacSha256,
} from '../src/node/sodium-hmac.js'

await libsodium.ready
const { libsodium: module } = libsodium as unknown as { readonly libsodium: SodiumHkdfModule }
const sodium = sodiumHmacSha256(module)

const wrong: Hmac = (key, data) => nativeHmacSha256(key, data).map((byte) => byte ^ 1)
const deafToKeys: Hmac = (_, data) => nativeHmacSha256(new Uint8Array(), data)
const cut: Hmac = (key, data) => nativeHmacSha256(key, data.subarray(0, 64))

describe('HMAC-SHA256 over libsodium', () => {
  it('gives the native bytes for every key and input that it takes', () => {
    const key = fc.uint8Array({ maxLength: SODIUM_HMAC_KEY_BYTES })
    const data = fc.uint8Array({ maxLength: SODIUM_HMAC_BYTES })
    fc.assert(
      fc.property(key, data, (k, d) => equalBytes(sodium(k, d), nativeHmacSha256(k, d))),
      { numRuns: 500 },
    )
  })

  it('is told from one that gives other bytes, and is not taken then', async () => {
    expect(hmacsAgree(nativeHmacSha256, sodium)).toBe(true)
    for (const other of [wrong, deafToKeys, cut]) expect(hmacsAgree(nativeHmacSha256, other)).toBe(false)
    expect(await loadSodiumHmac(nativeHmacSha256)).not.toBeNull()
    expect(await loadSodiumHmac(wrong)).toBeNull()
  })

  it('hostile 49: leaves neither key, nor input, nor result in the memory of the library', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => 0xa1 ^ (i * 5))
    const data = Uint8Array.from({ length: 96 }, (_, i) => 0x5d ^ (i * 3))
    const mac = sodium(key, data)
    expect(equalBytes(mac, nativeHmacSha256(key, data))).toBe(true)
    const memory = Buffer.from(module.HEAPU8.buffer)
    const pads = [0x36, 0x5c].map((pad) => key.map((byte) => byte ^ pad))
    for (const secret of [key, data.subarray(0, 16), mac, ...pads])
      expect(memory.includes(Buffer.from(secret))).toBe(false)
  })
})

describe('loading', () => {
  it('begins when many were asked for, and leaves what is long to the first', async () => {
    const served: string[] = []
    const counted =
      (name: string): Hmac =>
      (key, data) => {
        served.push(name)
        return nativeHmacSha256(key, data)
      }
    const { hmac, prepare } = replaceableHmac(counted('first'), async () => counted('faster'))
    const ask = (key: number, data: number): Uint8Array => hmac(new Uint8Array(key), new Uint8Array(data))
    const before = ask(32, 1)
    for (let i = 1; i < CALLS_BEFORE_LOADING; i++) ask(32, 1)
    expect(new Set(served)).toEqual(new Set(['first']))
    // The last call has begun it; it serves when it has loaded.
    expect(await prepare()).toBe(true)
    served.length = 0
    expect(ask(32, 1)).toEqual(before)
    ask(SODIUM_HMAC_KEY_BYTES, SODIUM_HMAC_BYTES)
    ask(SODIUM_HMAC_KEY_BYTES + 1, 1)
    ask(32, SODIUM_HMAC_BYTES + 1)
    expect(served).toEqual(['faster', 'faster', 'first', 'first'])
  })
})
