/** What every runtime gets; the entry modules add which provider is the default. */
export { constantTimeEqual, zeroize } from './compare.js'
export { isAcceptableEd25519Key } from './ed25519-strict.js'
export { CRYPTO_ERRORS, CryptoError } from './errors.js'
export { hkdfExpand, hkdfExtract } from './hkdf.js'
export * from './hpke.js'
export {
  AEAD_TAG_LENGTH,
  KEY_LENGTH,
  MAX_HKDF_LENGTH,
  MAX_SCRYPT_MEMORY,
  NONCE_LENGTH,
  SIGNATURE_LENGTH,
  XCHACHA_NONCE_LENGTH,
} from './limits.js'
export { createNobleCrypto, nobleCrypto } from './noble/provider.js'
export type { ProviderOptions } from './noble/rng.js'
export type * from './provider.js'
export type { Rng } from './random.js'
export { unsafeSeededRng } from './seeded-rng.js'
export { assertX25519PublicKey, isCanonicalX25519, isSmallOrderX25519 } from './x25519-public.js'
