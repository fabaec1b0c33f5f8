/** The portable provider: every primitive from @noble/*, randomness from `crypto.getRandomValues`. */
import { chacha20 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { hasherOver } from '../hasher.js'
import { hkdf } from '../hkdf.js'
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, MAX_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'
import type { CryptoProvider } from '../provider.js'
import { guardedRng, pooledRng, type Rng } from '../random.js'
import { requireScryptParameters, scryptMemory } from '../scrypt-parameters.js'
import { nobleAes128Gcm, nobleAes256Gcm, nobleChacha20Poly1305, nobleXchacha20Poly1305 } from './aead.js'
import { CHACHA_BLOCK_BYTES, chachaBlock } from './chacha-block.js'
import { nobleEd25519 } from './ed25519.js'
import { nobleX25519 } from './x25519.js'

export interface ProviderOptions {
  /** All randomness of the provider, keys included, comes from here; the platform's when left out. */
  readonly rng?: Rng
}

function platformRng(): Rng {
  return pooledRng((target) => {
    globalThis.crypto.getRandomValues(target)
  })
}

/** RFC 8439 section 2.4 from block 0: the keystream is the encryption of zeros. */
export function nobleKeystream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, MAX_KEYSTREAM_BYTES, 'keystream')
  if (chachaBlock !== null && length <= CHACHA_BLOCK_BYTES) return chachaBlock(key, nonce, length)
  return chacha20(key, nonce, new Uint8Array(length))
}

export function createNobleCrypto(options: ProviderOptions = {}): CryptoProvider {
  const rng = options.rng === undefined ? platformRng() : guardedRng(options.rng)
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
    x25519: nobleX25519(rng),
    scrypt(password, salt, parameters, length) {
      requireScryptParameters(parameters, length)
      const { N, r, p } = parameters
      return scrypt(password, salt, { N, r, p, dkLen: length, maxmem: scryptMemory(parameters) })
    },
  }
  return Object.freeze(provider)
}

/** The provider for browsers, workers and every other runtime without node:crypto. */
export const nobleCrypto: CryptoProvider = createNobleCrypto()
