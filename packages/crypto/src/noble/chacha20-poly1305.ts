/** ChaCha20-Poly1305 over @noble/ciphers, RFC 8439: by itself, because the slim provider has no other AEAD. */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { KEY_LENGTH, NONCE_LENGTH } from '../limits.js'
import type { Aead } from '../provider.js'
import { nobleAead } from './aead-over.js'

export const nobleChacha20Poly1305: Aead = /* @__PURE__ */ nobleAead(
  chacha20poly1305,
  KEY_LENGTH,
  NONCE_LENGTH,
)
