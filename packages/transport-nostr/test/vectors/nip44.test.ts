import { fromHex, toHex, utf8 } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { conversationKey, decrypt44, encrypt44, importNostrKey, paddedLength } from '../../src/index.js'
import { nip44Vectors, nostr, vectorsAreThere } from '../support/keys.js'

describe.skipIf(!vectorsAreThere)('NIP-44 vectors (skipped without ../shared/vectors)', () => {
  const { valid, invalid } = vectorsAreThere ? nip44Vectors() : ({} as ReturnType<typeof nip44Vectors>)
  const hash = (text: string): string => toHex(nostr.crypto.sha256(utf8(text)))

  it('derives conversation keys', () => {
    expect(valid.get_conversation_key.length).toBeGreaterThan(30)
    for (const { sec1, pub2, conversation_key } of valid.get_conversation_key) {
      expect(toHex(conversationKey(nostr, importNostrKey(nostr, fromHex(sec1)), pub2))).toBe(conversation_key)
    }
  })

  it('pads', () => {
    for (const [length, padded] of valid.calc_padded_len) expect(paddedLength(length)).toBe(padded)
  })

  it('encrypts and decrypts, between both pairs of keys', () => {
    for (const one of valid.encrypt_decrypt) {
      const [a, b] = [one.sec1, one.sec2].map((secret) => importNostrKey(nostr, fromHex(secret)))
      const key = conversationKey(nostr, a!, b!.publicKey)
      expect(toHex(key)).toBe(one.conversation_key)
      expect(conversationKey(nostr, b!, a!.publicKey)).toEqual(key)
      expect(encrypt44(nostr, key, one.plaintext, fromHex(one.nonce))).toBe(one.payload)
      expect(decrypt44(nostr, key, one.payload)).toBe(one.plaintext)
    }
  })

  it('encrypts and decrypts long texts', () => {
    for (const one of valid.encrypt_decrypt_long_msg) {
      const text = one.pattern.repeat(one.repeat)
      expect(hash(text)).toBe(one.plaintext_sha256)
      const payload = encrypt44(nostr, fromHex(one.conversation_key), text, fromHex(one.nonce))
      expect(hash(payload)).toBe(one.payload_sha256)
      expect(decrypt44(nostr, fromHex(one.conversation_key), payload)).toBe(text)
    }
  })

  it('refuses keys that are none', () => {
    for (const { sec1, pub2, note } of invalid.get_conversation_key) {
      const attempt = (): unknown => conversationKey(nostr, importNostrKey(nostr, fromHex(sec1)), pub2)
      expect(attempt, note).toThrow(expect.objectContaining({ code: 'nostr/bad-key' }))
    }
  })

  it('refuses payloads that are wrong anywhere, with one answer', () => {
    for (const { conversation_key, payload, note } of invalid.decrypt) {
      const attempt = (): unknown => decrypt44(nostr, fromHex(conversation_key), payload)
      expect(attempt, note).toThrow(expect.objectContaining({ code: 'nostr/bad-payload' }))
    }
  })
})
