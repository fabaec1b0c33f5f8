/**
 * A key encapsulation mechanism with its checks, over any engine (FIPS 203; spec/crypto.md, "Key encapsulation").
 * Randomness comes from the provider that is passed in.
 */
import { CryptoError } from '../errors.js'
import { requireLength } from '../lengths.js'
import type { CryptoProvider } from '../provider.js'
import type { Encapsulated, KemEngine } from './engine.js'
import { type KemName, type KemPrivateKey, OpaqueKemKey, ownKemKey } from './key.js'
import { hasReducedCoefficients } from './modulus.js'
import type { KemSizes } from './sizes.js'

/** d ‖ z of FIPS 203 section 7.1. */
export const KEM_SEED_LENGTH = 64
/** Shared secret, and the randomness of one encapsulation. */
export const KEM_SECRET_LENGTH = 32

export interface KemKeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: KemPrivateKey
}

/** A key encapsulation mechanism. Byte inputs are never kept and never changed; outputs are new. */
export interface Kem {
  readonly name: KemName
  readonly publicKeyBytes: number
  readonly ciphertextBytes: number
  readonly secretBytes: 32
  /** @throws CryptoError `crypto/rng-failed` */
  generate(crypto: Pick<CryptoProvider, 'randomBytes'>): KemKeyPair
  /** From the 64 bytes d ‖ z. @throws CryptoError `crypto/bad-length` */
  importSeed(seed: Uint8Array): KemPrivateKey
  /** The 64 bytes d ‖ z: for sealing into a snapshot, nothing else. */
  exportSeed(key: KemPrivateKey): Uint8Array
  /** True for a key of the right length with reduced coefficients; never throws. */
  isAcceptablePublicKey(publicKey: Uint8Array): boolean
  /** @throws CryptoError `crypto/bad-public-key`, `crypto/rng-failed` */
  encapsulate(crypto: Pick<CryptoProvider, 'randomBytes'>, publicKey: Uint8Array): Encapsulated
  /**
   * As `encapsulate`, with its 32 random bytes given: they must be random, secret and used once.
   * @throws CryptoError `crypto/bad-public-key`, `crypto/bad-length`
   */
  unsafeEncapsulate(publicKey: Uint8Array, random: Uint8Array): Encapsulated
  /**
   * The shared secret. A ciphertext that was not made for this key gives another secret and no error: that
   * is implicit rejection, so compare what follows from the secret. @throws CryptoError `crypto/bad-length`
   */
  decapsulate(key: KemPrivateKey, ciphertext: Uint8Array): Uint8Array
}

export function createKem(sizes: KemSizes, engine: KemEngine): Kem {
  const { name, publicKeyBytes, ciphertextBytes } = sizes
  const keyOf = (seed: Uint8Array): OpaqueKemKey => new OpaqueKemKey(name, seed, (own) => engine.expand(own))
  const isAcceptablePublicKey = (publicKey: Uint8Array): boolean =>
    publicKey.length === publicKeyBytes && hasReducedCoefficients(publicKey)
  const unsafeEncapsulate = (publicKey: Uint8Array, random: Uint8Array): Encapsulated => {
    requireLength(random, KEM_SECRET_LENGTH, 'randomness')
    if (!isAcceptablePublicKey(publicKey)) {
      throw new CryptoError('crypto/bad-public-key', { details: { length: publicKey.length, kem: name } })
    }
    return engine.encapsulate(publicKey, random)
  }
  return Object.freeze({
    name,
    publicKeyBytes,
    ciphertextBytes,
    secretBytes: KEM_SECRET_LENGTH,
    isAcceptablePublicKey,
    unsafeEncapsulate,
    generate: (crypto) => {
      const privateKey = keyOf(crypto.randomBytes(KEM_SEED_LENGTH))
      return { publicKey: privateKey.publicKey.slice(), privateKey }
    },
    importSeed: (seed) => {
      requireLength(seed, KEM_SEED_LENGTH, 'seed')
      return keyOf(Uint8Array.from(seed))
    },
    exportSeed: (key) => OpaqueKemKey.seed(ownKemKey(key, name)).slice(),
    encapsulate: (crypto, publicKey) => {
      const random = crypto.randomBytes(KEM_SECRET_LENGTH)
      try {
        return unsafeEncapsulate(publicKey, random)
      } finally {
        random.fill(0)
      }
    },
    decapsulate: (key, ciphertext) => {
      const { secretKey } = OpaqueKemKey.expanded(ownKemKey(key, name))
      requireLength(ciphertext, ciphertextBytes, 'ciphertext')
      return engine.decapsulate(ciphertext, secretKey)
    },
  } satisfies Kem)
}
