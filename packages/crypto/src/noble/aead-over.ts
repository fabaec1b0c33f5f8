/** An AEAD as the interface describes it, over a cipher of @noble/ciphers. */
import { requireLength } from '../lengths.js'
import { AEAD_TAG_LENGTH } from '../limits.js'
import type { Aead } from '../provider.js'

interface NobleCipher {
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(sealed: Uint8Array): Uint8Array
}

type MakeCipher = (key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array) => NobleCipher

export function nobleAead(make: MakeCipher, keyLength: number, nonceLength: number): Aead {
  return {
    keyLength,
    nonceLength,
    seal(key, nonce, plaintext, associatedData) {
      requireLength(key, keyLength, 'key')
      requireLength(nonce, nonceLength, 'nonce')
      return make(key, nonce, associatedData).encrypt(plaintext)
    },
    open(key, nonce, sealed, associatedData) {
      requireLength(key, keyLength, 'key')
      requireLength(nonce, nonceLength, 'nonce')
      if (sealed.length < AEAD_TAG_LENGTH) return null
      const cipher = make(key, nonce, associatedData)
      try {
        return cipher.decrypt(sealed)
      } catch {
        // Lengths are right, so the tag is all that can be wrong.
        return null
      }
    },
  }
}
