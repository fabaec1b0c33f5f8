/** The portable provider: every primitive from @noble/*, randomness from `crypto.getRandomValues`. */
import { x25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { hasherOver } from '../hasher.js'
import { hkdf } from '../hkdf.js'
import type { CryptoProvider } from '../provider.js'
import { requireScryptParameters, scryptMemory } from '../scrypt-parameters.js'
import { nobleAes128Gcm, nobleAes256Gcm, nobleXchacha20Poly1305 } from './aead.js'
import { nobleChacha20Poly1305 } from './chacha20-poly1305.js'
import { nobleEd25519 } from './ed25519.js'
import { nobleKeystream } from './keystream.js'
import { type ProviderOptions, webRng } from './rng.js'
import { x25519Over } from './x25519-over.js'

export function createNobleCrypto(options: ProviderOptions = {}): CryptoProvider {
  const rng = webRng(options)
  const provider: CryptoProvider = {
    name: 'noble',
    randomBytes: rng,
    sha256: (data) => sha256(data),
    sha512: (data) => sha512(data),
    createSha256: () => hasherOver(sha256.create()),
    hmacSha256: (key, data) => hmac(sha256, key, data),
    hmacSha512: (key, data) => hmac(sha512, key, data),
    hkdfSha256: (ikm, salt, info, length) => hkdf(provider, ikm, salt, info, length),
    chacha20: nobleKeystream,
    chacha20Poly1305: nobleChacha20Poly1305,
    xchacha20Poly1305: nobleXchacha20Poly1305,
    aes128Gcm: nobleAes128Gcm,
    aes256Gcm: nobleAes256Gcm,
    ed25519: nobleEd25519(rng),
    x25519: x25519Over(x25519, rng),
    scrypt(password, salt, parameters, length) {
      requireScryptParameters(parameters, length)
      const { N, r, p } = parameters
      return scrypt(password, salt, { N, r, p, dkLen: length, maxmem: scryptMemory(parameters) })
    },
  }
  return Object.freeze(provider)
}

/** The provider for browsers, workers and every other runtime without node:crypto. */
export const nobleCrypto: CryptoProvider = /* @__PURE__ */ createNobleCrypto()
