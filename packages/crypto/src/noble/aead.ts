/** The AEADs of the whole provider over @noble/ciphers: draft-irtf-cfrg-xchacha-03 and NIST SP 800-38D. */
import { gcm } from '@noble/ciphers/aes.js'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { KEY_LENGTH, NONCE_LENGTH, XCHACHA_NONCE_LENGTH } from '../limits.js'
import type { Aead } from '../provider.js'
import { nobleAead } from './aead-over.js'

export const nobleXchacha20Poly1305: Aead = /* @__PURE__ */ nobleAead(
  xchacha20poly1305,
  KEY_LENGTH,
  XCHACHA_NONCE_LENGTH,
)
export const nobleAes128Gcm: Aead = /* @__PURE__ */ nobleAead(gcm, 16, NONCE_LENGTH)
export const nobleAes256Gcm: Aead = /* @__PURE__ */ nobleAead(gcm, 32, NONCE_LENGTH)
