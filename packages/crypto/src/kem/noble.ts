/** ML-KEM over @noble/post-quantum: runs everywhere. */
import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import type { KemEngine } from './engine.js'

function nobleEngine(noble: typeof ml_kem768): KemEngine {
  return {
    expand: (seed) => noble.keygen(seed),
    encapsulate: (publicKey, random) => {
      const { cipherText, sharedSecret } = noble.encapsulate(publicKey, random)
      return { ciphertext: cipherText, secret: sharedSecret.slice() }
    },
    decapsulate: (ciphertext, secretKey) => noble.decapsulate(ciphertext, secretKey),
  }
}

export const nobleMlKem768: KemEngine = /* @__PURE__ */ nobleEngine(ml_kem768)
export const nobleMlKem1024: KemEngine = /* @__PURE__ */ nobleEngine(ml_kem1024)
