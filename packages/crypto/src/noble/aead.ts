/** The four AEADs over @noble/ciphers: RFC 8439, draft-irtf-cfrg-xchacha-03 and NIST SP 800-38D. */
import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { requireLength } from '../lengths.js'
import { AEAD_TAG_LENGTH, KEY_LENGTH, NONCE_LENGTH, XCHACHA_NONCE_LENGTH } from '../limits.js'
import type { Aead } from '../provider.js'

interface NobleCipher {
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(sealed: Uint8Array): Uint8Array
}

type MakeCipher = (key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array) => NobleCipher

function nobleAead(make: MakeCipher, keyLength: number, nonceLength: number): Aead {
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

export const nobleChacha20Poly1305: Aead = nobleAead(chacha20poly1305, KEY_LENGTH, NONCE_LENGTH)
export const nobleXchacha20Poly1305: Aead = nobleAead(xchacha20poly1305, KEY_LENGTH, XCHACHA_NONCE_LENGTH)
export const nobleAes128Gcm: Aead = nobleAead(gcm, 16, NONCE_LENGTH)
export const nobleAes256Gcm: Aead = nobleAead(gcm, 32, NONCE_LENGTH)
