import type { KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createNobleCrypto, unsafeSeededRng } from '../src/index.js'
import { createNodeCrypto } from '../src/index.node.js'
import { RECENT_PUBLIC_KEYS } from '../src/limits.js'
import { importPublic } from '../src/node/keys.js'
import { recentKeys } from '../src/node/recent-keys.js'

const rng = unsafeSeededRng(new Uint8Array(32).fill(1))

function counted(): { readonly imports: () => number; readonly get: (publicKey: Uint8Array) => KeyObject } {
  let imports = 0
  const get = recentKeys((publicKey) => {
    imports++
    return importPublic('x25519', publicKey)
  })
  return { imports: () => imports, get }
}

const bytesOf = (handle: KeyObject): string | undefined => handle.export({ format: 'jwk' }).x

describe('the public keys imported last', () => {
  it('are imported once while they are recent, and forgotten in turn', () => {
    const { imports, get } = counted()
    const keys = Array.from({ length: RECENT_PUBLIC_KEYS + 1 }, () => rng(32))
    const [first, ...rest] = keys as [Uint8Array, ...Uint8Array[]]
    for (let i = 0; i < 3; i++) get(first)
    expect(imports()).toBe(1)
    for (const key of rest) get(key)
    expect(imports()).toBe(1 + rest.length)
    get(first)
    expect(imports()).toBe(2 + rest.length)
  })

  it('are told apart by every byte, and do not follow an array that its owner changes', () => {
    const { get } = counted()
    const key = rng(32)
    const before = bytesOf(get(key))
    for (let i = 0; i < 31; i++) {
      key[i] = (key[i] as number) ^ 1
      expect(bytesOf(get(key))).toBe(Buffer.from(key).toString('base64url'))
      expect(bytesOf(get(key))).not.toBe(before)
      key[i] = (key[i] as number) ^ 1
    }
    expect(bytesOf(get(key))).toBe(before)
  })

  it('are not kept when they could not be imported', () => {
    let calls = 0
    const get = recentKeys(() => {
      calls++
      throw new Error('no')
    })
    for (let i = 0; i < 3; i++) expect(() => get(rng(32))).toThrow('no')
    expect(calls).toBe(3)
  })

  it('give the same shared secrets as without, in any order', () => {
    const [node, noble] = [createNodeCrypto(), createNobleCrypto()]
    const own = Array.from({ length: 3 }, () => node.x25519.generate())
    const peers = Array.from({ length: RECENT_PUBLIC_KEYS + 4 }, () => node.x25519.generate().publicKey)
    for (let i = 0; i < 60; i++) {
      const key = own[i % own.length]
      const peer = peers[(i * 7) % peers.length]
      if (key === undefined || peer === undefined) throw new Error('no key')
      expect(node.x25519.dh(key, peer)).toEqual(noble.x25519.dh(key, peer))
    }
  })
})
