/**
 * ML-KEM (FIPS 203), the subpath `@hyphae/crypto/kem`, apart from the provider so that a program without
 * post-quantum parts does not carry it (spec/crypto.md, "Key encapsulation").
 *
 * What every runtime gets, over @noble/post-quantum; on Node kem.node.ts stands in its place.
 */
import { createKem, type Kem } from './kem/kem.js'
import { nobleMlKem768, nobleMlKem1024 } from './kem/noble.js'
import { ML_KEM_768, ML_KEM_1024 } from './kem/sizes.js'

export type { Encapsulated } from './kem/engine.js'
export { KEM_SECRET_LENGTH, KEM_SEED_LENGTH, type Kem, type KemKeyPair } from './kem/kem.js'
export type { KemName, KemPrivateKey } from './kem/key.js'

/** Public key 1,184 bytes, ciphertext 1,088. */
export const mlKem768: Kem = /* @__PURE__ */ createKem(ML_KEM_768, nobleMlKem768)
/** Public key 1,568 bytes, ciphertext 1,568. */
export const mlKem1024: Kem = /* @__PURE__ */ createKem(ML_KEM_1024, nobleMlKem1024)

/** Resolves at once: here there is nothing to load. On Node see kem.node.ts. */
export const prepareKem = (): Promise<KemLibrary> => Promise.resolve('noble')

/** The library that computes ML-KEM-768. */
export type KemLibrary = 'noble' | 'libsodium'
