/** Ed25519 and X25519 over node:crypto, behind the same checks as every other provider. */
import { diffieHellman, type KeyObject, sign, verify } from 'node:crypto'
import { isAllZero } from '../compare.js'
import { passesStrictChecks } from '../ed25519-strict.js'
import { CryptoError } from '../errors.js'
import { nativeOf, OpaqueKey, secretOf } from '../keys.js'
import { requireLength } from '../lengths.js'
import { KEY_LENGTH } from '../limits.js'
import type { Ed25519, Ed25519PrivateKey, X25519, X25519PrivateKey } from '../provider.js'
import type { Rng } from '../random.js'
import { requireDhPublicKey } from '../x25519-public.js'
import { plainBytes } from './bytes.js'
import { derivePublicKey, importPrivate, importPublic } from './keys.js'
import { recentKeys } from './recent-keys.js'

const importSigning = importPrivate('ed25519')
const importAgreement = importPrivate('x25519')

/** OpenSSL evaluates R = [S]B − [k]A and compares encodings: spec/crypto.md rule V6 without further work. */
function strictVerifier(importKey: (publicKey: Uint8Array) => KeyObject): Ed25519['verify'] {
  return (publicKey, message, signature) => {
    if (!passesStrictChecks(publicKey, signature)) return false
    try {
      return verify(null, message, importKey(publicKey), signature)
    } catch {
      // A runtime may refuse at import what names no point; the verdict is the same.
      return false
    }
  }
}

export function nodeEd25519(rng: Rng): Ed25519 {
  const fromSeed = (seed: Uint8Array): Ed25519PrivateKey => new OpaqueKey('ed25519', seed, derivePublicKey)
  return {
    generate: () => fromSeed(rng(KEY_LENGTH)),
    importSeed(seed) {
      requireLength(seed, KEY_LENGTH, 'Ed25519 seed')
      return fromSeed(Uint8Array.from(seed))
    },
    exportSeed: (key) => Uint8Array.from(secretOf(key, 'ed25519')),
    sign: (key, message) => plainBytes(sign(null, message, nativeOf(key, 'ed25519', importSigning))),
    verify: strictVerifier(recentKeys((publicKey) => importPublic('ed25519', publicKey))),
  }
}

export function nodeX25519(rng: Rng): X25519 {
  const importRecent = recentKeys((publicKey) => importPublic('x25519', publicKey))
  const fromBytes = (bytes: Uint8Array): X25519PrivateKey => new OpaqueKey('x25519', bytes, derivePublicKey)
  return {
    generate: () => fromBytes(rng(KEY_LENGTH)),
    importPrivateKey(bytes) {
      requireLength(bytes, KEY_LENGTH, 'X25519 private key')
      return fromBytes(Uint8Array.from(bytes))
    },
    exportPrivateKey: (key) => Uint8Array.from(secretOf(key, 'x25519')),
    dh(key, publicKey) {
      const privateKey = nativeOf(key, 'x25519', importAgreement)
      requireDhPublicKey(publicKey)
      const shared = diffieHellman({ privateKey, publicKey: importRecent(publicKey) })
      if (isAllZero(shared)) throw new CryptoError('crypto/low-order-key')
      return plainBytes(shared)
    },
  }
}
