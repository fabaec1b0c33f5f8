import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../src/base64.js'
import { conversationKey, decryptBytes44, encryptBytes44, paddedLength } from '../../src/index.js'
import { keyOf, nostr } from '../support/keys.js'

const key = conversationKey(nostr, keyOf(1), keyOf(2).publicKey)

describe('NIP-44', () => {
  it('gives back what was encrypted, and nothing for any other payload', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.nat(), (content, at) => {
        const payload = encryptBytes44(nostr, key, content)
        expect(decryptBytes44(nostr, key, payload)).toEqual(content)
        const bytes = decodeBase64(payload) as Uint8Array
        const bit = at % (bytes.length * 8)
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(() => decryptBytes44(nostr, key, encodeBase64(bytes))).toThrow(
          expect.objectContaining({ code: 'nostr/bad-payload' }),
        )
      }),
    )
  })

  it('pads to few lengths that grow with the text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), (length) => {
        const padded = paddedLength(length)
        expect(padded).toBeGreaterThanOrEqual(Math.max(32, length))
        expect(padded).toBeLessThanOrEqual(Math.max(32, length * 2))
        expect(padded % 32).toBe(0)
        expect(paddedLength(length + 1)).toBeGreaterThanOrEqual(padded)
      }),
    )
  })
})
