/**
 * X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 in one KEM, safe as long as one of them is.
 *
 *   seed 32 → SHAKE256(seed, 96) = ML-KEM seed 64 ‖ X25519 private key 32
 *   public key = ML-KEM key 1184 ‖ X25519 key 32;  enc = ML-KEM ciphertext 1088 ‖ X25519 ephemeral key 32
 *   shared     = SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ "\.//^\")
 */
import { concatBytes } from '@hyphae/core'
import { assertX25519PublicKey, type CryptoProvider, type X25519PrivateKey, zeroize } from '@hyphae/crypto'
import { type KemPrivateKey, mlKem768 } from '@hyphae/crypto/kem'
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { MlsError } from '../errors.js'
import { keyCache } from '../key-cache.js'
import type { KemPair } from '../sync-suite.js'
import type { HpkeKem } from './kem.js'

const ID = 0x647a
const SEED_BYTES = 32
const KEM_SEED_BYTES = 64
const X_BYTES = 32
const LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c)

interface Expanded {
  readonly m: KemPrivateKey
  readonly x: X25519PrivateKey
  readonly publicKey: Uint8Array
}

function expandSeed({ x25519 }: CryptoProvider, seed: Uint8Array): Expanded {
  if (seed.length !== SEED_BYTES) throw new MlsError('mls/bad-argument', { details: { length: seed.length } })
  const bytes = shake256(seed, { dkLen: KEM_SEED_BYTES + X_BYTES })
  const m = mlKem768.importSeed(bytes.subarray(0, KEM_SEED_BYTES))
  const x = x25519.importPrivateKey(bytes.subarray(KEM_SEED_BYTES))
  zeroize(bytes)
  return { m, x, publicKey: concatBytes(m.publicKey, x.publicKey) }
}

function combine(ssM: Uint8Array, ssX: Uint8Array, ctX: Uint8Array, pkX: Uint8Array): Uint8Array {
  const shared = sha3_256(concatBytes(ssM, ssX, ctX, pkX, LABEL))
  zeroize(ssM, ssX)
  return shared
}

function isX25519Key(publicKey: Uint8Array): boolean {
  try {
    assertX25519PublicKey(publicKey)
    return true
  } catch {
    return false
  }
}

export function xwing(crypto: CryptoProvider): HpkeKem {
  const { publicKeyBytes, ciphertextBytes } = mlKem768
  const keys = keyCache((seed) => expandSeed(crypto, seed))
  const pairOf = (privateKey: Uint8Array): KemPair => ({
    privateKey,
    publicKey: keys(privateKey).publicKey.slice(),
  })
  const isPublicKey = (key: Uint8Array): boolean =>
    key.length === publicKeyBytes + X_BYTES &&
    mlKem768.isAcceptablePublicKey(key.subarray(0, publicKeyBytes)) &&
    isX25519Key(key.slice(publicKeyBytes))
  return {
    id: ID,
    privateLength: SEED_BYTES,
    generate: () => pairOf(crypto.randomBytes(SEED_BYTES)),
    derive: (ikm) => pairOf(shake256(ikm, { dkLen: SEED_BYTES })),
    publicOf: (seed) => keys(seed).publicKey.slice(),
    isPublicKey,
    encapsulate(publicKey) {
      if (!isPublicKey(publicKey)) throw new MlsError('mls/undecryptable')
      const pkX = publicKey.slice(publicKeyBytes)
      const own = crypto.x25519.generate()
      const m = mlKem768.encapsulate(crypto, publicKey.slice(0, publicKeyBytes))
      const shared = combine(m.secret, crypto.x25519.dh(own, pkX), own.publicKey, pkX)
      return { kemOutput: concatBytes(m.ciphertext, own.publicKey), shared }
    },
    decapsulate(seed, kemOutput) {
      const ctX = kemOutput.slice(ciphertextBytes)
      if (kemOutput.length !== ciphertextBytes + X_BYTES || !isX25519Key(ctX)) return null
      const { m, x } = keys(seed)
      const secret = mlKem768.decapsulate(m, kemOutput.slice(0, ciphertextBytes))
      return combine(secret, crypto.x25519.dh(x, ctX), ctX, x.publicKey)
    },
  }
}
