/** Hostile case 49: no secret byte of a key shows in logs, errors or inspection. */

import { format, inspect } from 'node:util'
import { toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import type { CryptoProvider, Ed25519PrivateKey, X25519PrivateKey } from '../../src/index.js'
import { PROVIDERS } from '../providers.js'

/** A canary with no run of bytes that could appear by chance. */
const CANARY = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 211) % 256)

/** Every spelling under which eight consecutive canary bytes could show. */
function spellings(secret: Uint8Array): string[] {
  const found: string[] = []
  for (let at = 0; at + 8 <= secret.length; at++) {
    const part = secret.subarray(at, at + 8)
    found.push(toHex(part), part.join(), part.join(', '), Buffer.from(part).toString('latin1'))
    found.push([...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' '))
  }
  const base64 = Buffer.from(secret).toString('base64')
  found.push(
    base64.slice(0, 12),
    base64.slice(20, 32),
    Buffer.from(secret).toString('base64url').slice(0, 12),
  )
  return found
}

const SPELLINGS = spellings(CANARY)

/** Inspection aligns numbers in columns and breaks lines; letter case and spacing hide nothing. */
const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ')

function expectSilent(text: string): void {
  const searched = plain(text)
  for (const spelling of SPELLINGS) expect(searched.includes(plain(spelling))).toBe(false)
}

function shows(key: object): string[] {
  const views = [key, { nested: [key] }, new Map([['key', key]])]
  const options = {
    depth: null,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
  }
  const texts = views.flatMap((view) => [
    inspect(view),
    inspect(view, options),
    inspect(view, { ...options, customInspect: false }),
    JSON.stringify(view),
    format('%s %o %O %j', view, view, view, view),
  ])
  const own = Reflect.ownKeys(key).map((name) => inspect(Reflect.get(key, name), options))
  return [...texts, String(key), `${key}`, ...own, inspect(Object.entries(key)), inspect({ ...key }, options)]
}

function errorOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const { message, stack, cause } = error as Error
    return inspect(error, { depth: null, showHidden: true }) + message + stack + inspect(cause)
  }
  throw new Error('nothing was thrown')
}

function used(crypto: CryptoProvider): [Ed25519PrivateKey, X25519PrivateKey] {
  const [signing, agreement] = [crypto.ed25519.importSeed(CANARY), crypto.x25519.importPrivateKey(CANARY)]
  // Used once, so that whatever is cached lazily is there.
  crypto.ed25519.sign(signing, new Uint8Array(3))
  crypto.x25519.dh(agreement, crypto.x25519.generate().publicKey)
  return [signing, agreement]
}

it('hostile 49: the detector finds what it looks for', () => {
  for (const text of [inspect(CANARY), JSON.stringify([...CANARY]), toHex(CANARY)]) {
    expect(() => expectSilent(text)).toThrow()
  }
  expect(() => expectSilent(Buffer.from(CANARY).toString('base64url'))).toThrow()
})

describe.each(PROVIDERS)('%s', (_, crypto) => {
  it('hostile 49: printing, serialising or spreading a key shows its public half only', () => {
    for (const key of used(crypto)) {
      for (const text of shows(key)) expectSilent(text)
      expect(inspect(key)).toContain(toHex(key.publicKey))
      expect(JSON.parse(JSON.stringify(key))).toEqual({ kind: key.kind, publicKey: toHex(key.publicKey) })
    }
  })

  it('hostile 49: a cloned key carries no secret and is refused', () => {
    const [, agreement] = used(crypto)
    const clone = structuredClone(agreement)
    expectSilent(inspect(clone, { showHidden: true, depth: null }))
    expect(() => crypto.x25519.exportPrivateKey(clone)).toThrow(
      expect.objectContaining({ code: 'crypto/foreign-key' }),
    )
  })

  it('hostile 49: errors show lengths, not bytes', () => {
    const [signing, agreement] = used(crypto)
    const empty = new Uint8Array(0)
    const runs = [
      () => crypto.ed25519.importSeed(CANARY.subarray(1)),
      () => crypto.x25519.importPrivateKey(CANARY.subarray(1)),
      () => crypto.chacha20Poly1305.seal(CANARY.subarray(1), empty, CANARY, CANARY),
      () => crypto.chacha20(CANARY, CANARY, 64),
      () => crypto.hkdfSha256(CANARY, CANARY, CANARY, 1e6),
      () => crypto.scrypt(CANARY, CANARY, { N: 3, r: 1, p: 1 }, 32),
      () => crypto.x25519.dh(agreement, new Uint8Array(32)),
      () => crypto.x25519.dh(signing as unknown as X25519PrivateKey, CANARY),
    ]
    for (const run of runs) expectSilent(errorOf(run))
  })
})
