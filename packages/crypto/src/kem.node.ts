/**
 * `@hyphae/crypto/kem` on Node: as kem.ts, with ML-KEM-768 in libsodium's WebAssembly once that has loaded.
 *
 * Loading takes some 20 milliseconds and is asynchronous, so it begins with the first operation, and until it is
 * done @noble/post-quantum serves. Both give the same bytes: which one did shows in the time alone.
 */
import { createKem, type Kem } from './kem/kem.js'
import { nobleMlKem768 } from './kem/noble.js'
import { ML_KEM_768 } from './kem/sizes.js'
import type { KemLibrary } from './kem.js'
import { replaceableEngine } from './node/replaceable-engine.js'
import { loadSodiumMlKem768 } from './node/sodium-kem.js'

export {
  type Encapsulated,
  KEM_SECRET_LENGTH,
  KEM_SEED_LENGTH,
  type Kem,
  type KemKeyPair,
  type KemLibrary,
  type KemName,
  type KemPrivateKey,
  mlKem1024,
} from './kem.js'

const { engine, prepare } = /* @__PURE__ */ replaceableEngine(nobleMlKem768, () =>
  loadSodiumMlKem768(nobleMlKem768),
)

/** Public key 1,184 bytes, ciphertext 1,088. */
export const mlKem768: Kem = /* @__PURE__ */ createKem(ML_KEM_768, engine)

/** Loads the faster library now instead of with the first operation, and tells which one serves from here on. */
export const prepareKem = async (): Promise<KemLibrary> => ((await prepare()) ? 'libsodium' : 'noble')
