/**
 * ML-KEM-768 over libsodium's WebAssembly, for Node and runtimes like it: a fifth of the portable time
 * (spec/crypto.md, "Key encapsulation"). The library is an optional dependency: where it was not installed, or
 * cannot run, or does not give the portable engine's bytes, there is no engine.
 */
import { equalBytes } from '@hyphae/core'
import type { KemEngine } from '../kem/engine.js'

type Sodium = typeof import('libsodium-wrappers').default

export function sodiumMlKem768(sodium: Sodium): KemEngine {
  return {
    expand: (seed) => {
      const { publicKey, privateKey } = sodium.crypto_kem_mlkem768_seed_keypair(seed)
      return { publicKey, secretKey: privateKey }
    },
    encapsulate: (publicKey, random) => {
      const { ciphertext, sharedSecret } = sodium.crypto_kem_mlkem768_enc_deterministic(publicKey, random)
      return { ciphertext, secret: sharedSecret }
    },
    decapsulate: (ciphertext, secretKey) => sodium.crypto_kem_mlkem768_dec(ciphertext, secretKey),
  }
}

/** Whether two engines give the same bytes, rejection included, for a seed with every byte different. */
export function agree(a: KemEngine, b: KemEngine): boolean {
  const seed = Uint8Array.from({ length: 64 }, (_, i) => i)
  const random = Uint8Array.from({ length: 32 }, (_, i) => 100 + i)
  const [outputsOfA, outputsOfB] = [a, b].map((engine) => {
    const { publicKey, secretKey } = engine.expand(seed)
    const { ciphertext, secret } = engine.encapsulate(publicKey, random)
    const opened = engine.decapsulate(ciphertext, secretKey)
    const other = ciphertext.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
    return [publicKey, secretKey, ciphertext, secret, opened, engine.decapsulate(other, secretKey)]
  }) as [Uint8Array[], Uint8Array[]]
  return outputsOfA.every((bytes, i) => equalBytes(bytes, outputsOfB[i] as Uint8Array))
}

/** Null where it is not to be had. */
export async function loadSodiumMlKem768(reference: KemEngine): Promise<KemEngine | null> {
  try {
    const { default: sodium } = await import('libsodium-wrappers')
    await sodium.ready
    const engine = sodiumMlKem768(sodium)
    return agree(engine, reference) ? engine : null
  } catch {
    // Not installed, or no WebAssembly: the portable engine does the same.
    return null
  }
}
