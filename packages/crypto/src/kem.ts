/**
 * ML-KEM (FIPS 203) over @noble/post-quantum: the subpath `@hyphae/crypto/kem`, apart from the provider so that a
 * program without post-quantum parts does not carry it (spec/crypto.md, "Key encapsulation").
 *
 * One implementation on every runtime. Randomness comes from the provider that is passed in.
 */
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { CryptoError } from './errors.js'
import { type KemName, type KemPrivateKey, OpaqueKemKey, ownKemKey } from './kem-key.js'
import { hasReducedCoefficients } from './kem-modulus.js'
import { requireLength } from './lengths.js'
import type { CryptoProvider } from './provider.js'

export type { KemName, KemPrivateKey } from './kem-key.js'

/** d ‖ z of FIPS 203 section 7.1. */
export const KEM_SEED_LENGTH = 64
/** Shared secret, and the randomness of one encapsulation. */
export const KEM_SECRET_LENGTH = 32

export interface KemKeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: KemPrivateKey
}

export interface Encapsulated {
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
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

function createKem(name: KemName, noble: typeof ml_kem768): Kem {
  const publicKeyBytes = noble.lengths.publicKey as number
  const ciphertextBytes = noble.lengths.cipherText as number
  const keyOf = (seed: Uint8Array): OpaqueKemKey => new OpaqueKemKey(name, seed, (own) => noble.keygen(own))
  const isAcceptablePublicKey = (publicKey: Uint8Array): boolean =>
    publicKey.length === publicKeyBytes && hasReducedCoefficients(publicKey)
  const unsafeEncapsulate = (publicKey: Uint8Array, random: Uint8Array): Encapsulated => {
    requireLength(random, KEM_SECRET_LENGTH, 'randomness')
    if (!isAcceptablePublicKey(publicKey)) {
      throw new CryptoError('crypto/bad-public-key', { details: { length: publicKey.length, kem: name } })
    }
    const { cipherText, sharedSecret } = noble.encapsulate(publicKey, random)
    return { ciphertext: cipherText, secret: sharedSecret.slice() }
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
      return noble.decapsulate(ciphertext, secretKey)
    },
  } satisfies Kem)
}

/** Public key 1,184 bytes, ciphertext 1,088. */
export const mlKem768: Kem = /* @__PURE__ */ createKem('ml-kem-768', ml_kem768)
/** Public key 1,568 bytes, ciphertext 1,568. */
export const mlKem1024: Kem = /* @__PURE__ */ createKem('ml-kem-1024', ml_kem1024)
