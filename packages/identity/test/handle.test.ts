import { concatBytes, toHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto, nobleCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { handleFromId, handleId, normalizeHandle } from '../src/index.js'
import { codeOf } from './support.js'

describe('handle id', () => {
  it('holds a short handle as it is', () => {
    expect(toHex(handleId('alice@example.com'))).toBe(
      `11${toHex(utf8('alice@example.com'))}${'00'.repeat(14)}`,
    )
    expect(handleFromId(handleId('Alice@Example.COM'))).toBe('alice@example.com')
    expect(handleFromId(handleId('иван@пример.рф'))).toBe('иван@пример.рф')
  })

  it('holds 31 bytes, and hashes 32', () => {
    const embedded = `${'a'.repeat(19)}@example.com`
    expect(utf8(embedded)).toHaveLength(31)
    expect(handleFromId(handleId(embedded))).toBe(embedded)
    const hashed = `a${embedded}`
    const id = handleId(hashed)
    const label = utf8('hyphae identity handle v1\0')
    expect(id).toEqual(
      concatBytes(Uint8Array.of(255), crypto.sha256(concatBytes(label, utf8(hashed))).subarray(0, 31)),
    )
    expect(handleFromId(id)).toBeNull()
    expect(handleId(hashed, nobleCrypto)).toEqual(id)
    expect(handleId(hashed.toUpperCase())).toEqual(id)
  })

  it('is refused when no handle makes it', () => {
    const id = handleId('alice@example.com')
    const wrong = [
      new Uint8Array(0),
      new Uint8Array(31),
      new Uint8Array(33),
      new Uint8Array(32),
      id.with(0, 32),
      id.with(0, 254),
      id.with(0, 16),
      id.with(0, 18),
      id.with(31, 1),
      id.with(1, 0x41),
      id.with(1, 0xff),
      id.with(6, 0x2e),
    ]
    for (const bytes of wrong)
      expect(
        codeOf(() => handleFromId(bytes)),
        toHex(bytes),
      ).toBe('identity/bad-handle-id')
  })
})

describe('handle', () => {
  it('has one spelling', () => {
    const table: readonly (readonly [string, string])[] = [
      ['bob@example.com', 'bob@example.com'],
      ['BOB@EXAMPLE.COM', 'bob@example.com'],
      ['ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'bob@example.com'],
      ['ﬁn@example.com', 'fin@example.com'],
      ['jose\u0301@example.com', 'josé@example.com'],
      ['STRASSE@example.com', 'strasse@example.com'],
      ['straße@example.com', 'straße@example.com'],
      ['ΟΔΥΣΣΕΥΣ@example.com', 'οδυσσευσ@example.com'],
      ['οδυσσεύς@example.com', 'οδυσσεύσ@example.com'],
      ['first.last_name-2@sub.example-1.com', 'first.last_name-2@sub.example-1.com'],
      ['42@163.com', '42@163.com'],
      ['김@예시.한국', '김@예시.한국'],
      ['王@例.中国', '王@例.中国'],
      ['a@b', 'a@b'],
    ]
    for (const [given, canonical] of table) expect(normalizeHandle(given), given).toBe(canonical)
  })

  it('has a shape and sizes', () => {
    const wrong = [
      '',
      '@',
      'alice',
      'alice@',
      '@example.com',
      'a@b@c',
      'a..b@c',
      '.a@b',
      'a.@b',
      'a@b.',
      'a@.b',
      '-a@b',
      'a-@b',
      'a--b@c',
      'a__b@c',
      'a@-b',
      'a@b-',
      'a@b_c',
      'a@xn--bcher-kva.example',
      'a+b@c',
      'a b@c',
      'a/b@c',
      'a@b:80',
      'a!@b',
      `${'a'.repeat(65)}@b`,
      `a@${'b'.repeat(64)}`,
      `a@${`${'b'.repeat(62)}.`.repeat(4)}com`,
      'ﷺ'.repeat(254),
      'a'.repeat(1_000_000),
    ]
    for (const text of wrong)
      expect(
        codeOf(() => handleId(text)),
        text.slice(0, 80),
      ).toBe('identity/bad-handle')
  })
})
