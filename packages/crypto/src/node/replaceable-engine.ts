/** A KEM engine that is replaced by a faster one when that has loaded. Knows no library. */
import type { KemEngine } from '../kem/engine.js'
import { replaceable } from './replaceable.js'

export interface ReplaceableEngine {
  readonly engine: KemEngine
  /** Loads now, if that has not begun. True when the faster engine serves from here on. */
  prepare(): Promise<boolean>
}

/** Loading begins with the first operation. */
export function replaceableEngine(
  first: KemEngine,
  load: () => Promise<KemEngine | null>,
): ReplaceableEngine {
  const { current, prepare } = replaceable(first, load, 1)
  return {
    prepare,
    engine: {
      expand: (seed) => current().expand(seed),
      encapsulate: (publicKey, random) => current().encapsulate(publicKey, random),
      decapsulate: (ciphertext, secretKey) => current().decapsulate(ciphertext, secretKey),
    },
  }
}
