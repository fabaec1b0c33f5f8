import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  conversationKey,
  decrypt44,
  decryptBytes44,
  encrypt44,
  encryptBytes44,
  MAX_PLAINTEXT_BYTES,
} from '../src/index.js'
import { keyOf, nostr } from './support/keys.js'

const ada = keyOf(1)
const ben = keyOf(2)
const key = conversationKey(nostr, ada, ben.publicKey)

describe('NIP-44', () => {
  it('takes the long form from 65,536 bytes on', () => {
    for (const length of [0xffff, 0x1_0000, 0x1_0001, MAX_PLAINTEXT_BYTES]) {
      const text = 'x'.repeat(length)
      expect(decrypt44(nostr, key, encrypt44(nostr, key, text))).toBe(text)
    }
  })

  it('refuses what is empty or too long, and a payload that is too long unread', () => {
    for (const length of [0, MAX_PLAINTEXT_BYTES + 1]) {
      const attempt = (): unknown => encrypt44(nostr, key, 'x'.repeat(length))
      expect(attempt).toThrow(expect.objectContaining({ code: 'nostr/bad-length' }))
    }
    const huge = 'A'.repeat(8 * MAX_PLAINTEXT_BYTES)
    const hmacSha256 = vi.fn(nostr.crypto.hmacSha256)
    const watched = { ...nostr, crypto: { ...nostr.crypto, hmacSha256 } }
    expect(() => decrypt44(watched, key, huge)).toThrow(
      expect.objectContaining({ code: 'nostr/bad-payload' }),
    )
    expect(hmacSha256).not.toHaveBeenCalled()
  })

  it('refuses text that is not UTF-8', () => {
    const payload = encryptBytes44(nostr, key, Uint8Array.of(0xff, 0xfe))
    expect(decryptBytes44(nostr, key, payload)).toEqual(Uint8Array.of(0xff, 0xfe))
    expect(() => decrypt44(nostr, key, payload)).toThrow(
      expect.objectContaining({ code: 'nostr/bad-payload' }),
    )
  })

  it('draws a nonce of its own each time', () => {
    expect(encrypt44(nostr, key, 'hello')).not.toBe(encrypt44(nostr, key, 'hello'))
  })
})

describe('base64 without Buffer', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it('reads and writes the same', async () => {
    const native = await import('../src/base64.js')
    vi.stubGlobal('Buffer', undefined)
    vi.resetModules()
    const portable = await import('../src/base64.js')
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) % 256)
      const text = native.encodeBase64(bytes)
      expect(portable.encodeBase64(bytes)).toBe(text)
      expect(native.decodeBase64(text)).toEqual(bytes)
      expect(portable.decodeBase64(text)).toEqual(bytes)
    }
    for (const bad of [
      'A',
      'AA',
      'AAA',
      'AA=',
      'AB==',
      'AAB=',
      'A===',
      '====',
      'AA==AAAA',
      'A-__',
      'AAA\n',
      ' AAA',
    ]) {
      expect(native.decodeBase64(bad), bad).toBeNull()
      expect(portable.decodeBase64(bad), bad).toBeNull()
    }
  })
})
