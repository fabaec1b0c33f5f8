import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { bech32, bech32m } from '@scure/base'
import { describe, expect, it } from 'vitest'
import { accountFromSeed, accountId, accountKey, createAccount, exportAccountSeed } from '../src/index.js'
import { codeOf } from './support.js'

const CHARACTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const seed = new Uint8Array(32).fill(7)
const account = accountFromSeed(crypto, seed)
const id = accountId(account.signing.publicKey)

describe('account', () => {
  it('comes from a seed, the same every time', () => {
    expect(toHex(account.signing.publicKey)).toBe(
      'ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c',
    )
    expect(exportAccountSeed(crypto, account)).toEqual(seed)
    for (const length of [0, 31, 33, 64])
      expect(codeOf(() => accountFromSeed(crypto, new Uint8Array(length)))).toBe('identity/bad-seed')
  })

  it('is new every time without one', () => {
    expect(accountId(createAccount(crypto).signing.publicKey)).not.toBe(
      accountId(createAccount(crypto).signing.publicKey),
    )
  })
})

describe('account id', () => {
  it('is one text for one key', () => {
    expect(id).toBe(bech32m.encodeFromBytes('hyphae', account.signing.publicKey))
    expect(id).toMatch(/^hyphae1[02-9ac-hj-np-z]{58}$/)
    expect(accountKey(id)).toEqual(account.signing.publicKey)
  })

  it('refuses every changed character', () => {
    for (let i = 0; i < id.length; i++)
      for (const character of `${CHARACTERS}B1 `) {
        if (character === id[i]) continue
        const changed = id.slice(0, i) + character + id.slice(i + 1)
        expect(
          codeOf(() => accountKey(changed)),
          changed,
        ).toBe('identity/bad-account-id')
      }
  })

  it('refuses every other form', () => {
    const words = bech32m.toWords(account.signing.publicKey)
    const padded = [...words.slice(0, -1), (words.at(-1) as number) | 1]
    const others = [
      '',
      'hyphae1',
      id.toUpperCase(),
      ` ${id}`,
      `${id}\n`,
      id.slice(0, -1),
      `${id}q`,
      bech32.encode('hyphae', words),
      bech32m.encode('hyphaf', words),
      bech32m.encode('hyphae', padded),
      bech32m.encode('hyphae', words.slice(1)),
      'ü'.repeat(65),
      'x'.repeat(1_000_000),
    ]
    for (const other of others) expect(codeOf(() => accountKey(other))).toBe('identity/bad-account-id')
  })

  it('names no key that could not sign', () => {
    // Small order, not canonical, not 32 bytes.
    const keys = [
      new Uint8Array(32),
      new Uint8Array(32).fill(255),
      Uint8Array.of(1, ...new Uint8Array(31)),
      new Uint8Array(31),
    ]
    for (const key of keys) {
      expect(codeOf(() => accountId(key))).toBe('identity/bad-key')
      expect(codeOf(() => accountKey(bech32m.encodeFromBytes('hyphae', key)))).toBe('identity/bad-account-id')
    }
  })
})
