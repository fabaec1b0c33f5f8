/** A KEM engine that serves at once and is replaced by a faster one when that has loaded. Knows no library. */
import type { KemEngine } from '../kem/engine.js'

export interface ReplaceableEngine {
  readonly engine: KemEngine
  /** Loads now, if that has not begun. True when the faster engine serves from here on. */
  prepare(): Promise<boolean>
}

/** Loading begins with the first operation, so that a program which only imports this pays nothing. */
export function replaceableEngine(
  first: KemEngine,
  load: () => Promise<KemEngine | null>,
): ReplaceableEngine {
  let current = first
  let loading: Promise<boolean> | undefined
  const prepare = (): Promise<boolean> => {
    loading ??= load().then((faster) => {
      current = faster ?? first
      return faster !== null
    })
    return loading
  }
  const serve = (): KemEngine => {
    if (loading === undefined) void prepare()
    return current
  }
  return {
    prepare,
    engine: {
      expand: (seed) => serve().expand(seed),
      encapsulate: (publicKey, random) => serve().encapsulate(publicKey, random),
      decapsulate: (ciphertext, secretKey) => serve().decapsulate(ciphertext, secretKey),
    },
  }
}
