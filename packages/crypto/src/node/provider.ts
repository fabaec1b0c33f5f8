/**
 * The provider for Node: node:crypto where it is faster, @noble where it is not or where OpenSSL lacks the
 * primitive. Figures that decided are in spec/crypto.md, "Which library serves what".
 */
import * as native from 'node:crypto'
import { hasherOver } from '../hasher.js'
import { hkdf } from '../hkdf.js'
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, MAX_KEYSTREAM_BYTES, NOBLE_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'
import { nobleKeystream } from '../noble/keystream.js'
import type { ProviderOptions } from '../noble/rng.js'
import type { CryptoProvider } from '../provider.js'
import { guardedRng, pooledRng, type Rng } from '../random.js'
import { requireScryptParameters, scryptMemory } from '../scrypt-parameters.js'
import { nodeAes128Gcm, nodeAes256Gcm, nodeChacha20Poly1305, nodeXchacha20Poly1305 } from './aead.js'
import { plainBytes } from './bytes.js'
import { nodeEd25519, nodeX25519 } from './curves.js'
import { nodeHmacSha256, nodeHmacSha512 } from './hmac.js'

function platformRng(): Rng {
  return pooledRng((target) => {
    native.randomFillSync(target)
  })
}

function digest(algorithm: 'sha256' | 'sha512', data: Uint8Array): Uint8Array {
  return plainBytes(native.createHash(algorithm).update(data).digest())
}

/** The one-shot call is twice as fast on short inputs; runtimes that imitate node:crypto may lack it. */
function oneShot(algorithm: 'sha256' | 'sha512'): (data: Uint8Array) => Uint8Array {
  if (typeof native.hash !== 'function') return (data) => digest(algorithm, data)
  return (data) => plainBytes(native.hash(algorithm, data, 'buffer'))
}

/** RFC 8439 section 2.4 from block 0; OpenSSL's 16-byte IV is the counter, here zero, and then the nonce. */
function keystream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  if (length <= NOBLE_KEYSTREAM_BYTES) return nobleKeystream(key, nonce, length)
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, MAX_KEYSTREAM_BYTES, 'keystream')
  const iv = new Uint8Array(16)
  iv.set(nonce, 4)
  return plainBytes(native.createCipheriv('chacha20', key, iv).update(new Uint8Array(length)))
}

export function createNodeCrypto(options: ProviderOptions = {}): CryptoProvider {
  const rng = options.rng === undefined ? platformRng() : guardedRng(options.rng)
  const provider: CryptoProvider = {
    name: 'node',
    randomBytes: rng,
    sha256: oneShot('sha256'),
    sha512: oneShot('sha512'),
    createSha256: () => hasherOver(native.createHash('sha256')),
    hmacSha256: nodeHmacSha256,
    hmacSha512: nodeHmacSha512,
    hkdfSha256: (ikm, salt, info, length) => hkdf(provider, ikm, salt, info, length),
    chacha20: keystream,
    chacha20Poly1305: nodeChacha20Poly1305,
    xchacha20Poly1305: nodeXchacha20Poly1305,
    aes128Gcm: nodeAes128Gcm,
    aes256Gcm: nodeAes256Gcm,
    ed25519: nodeEd25519(rng),
    x25519: nodeX25519(rng),
    scrypt(password, salt, parameters, length) {
      requireScryptParameters(parameters, length)
      const { N, r, p } = parameters
      // A margin over the exact need: OpenSSL counts its own bookkeeping too.
      const maxmem = 2 * scryptMemory(parameters)
      return plainBytes(native.scryptSync(password, salt, length, { N, r, p, maxmem }))
    },
  }
  return Object.freeze(provider)
}

/** The default on Node. */
export const nodeCrypto: CryptoProvider = createNodeCrypto()
