/** Opens a protected store on any engine. */
import type { Store } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Engine } from './engine.js'
import { asHyphaeError, type StoreError } from './errors.js'
import { type Encryption, openProtection, type Protection } from './protection.js'
import { createStore } from './store.js'

export interface OpenOptions {
  readonly crypto?: CryptoProvider
  /**
   * With it, `list` leaves damaged records where they are, reports each here and gives the others; without it,
   * `list` throws `store/corrupt`. `get` of a damaged record always throws.
   */
  readonly onCorrupt?: (error: StoreError) => void
}

/**
 * Takes the engine over: it is closed with the store, and also when opening fails.
 * @throws StoreError `store/bad-options`, `store/wrong-key`, `store/wrong-mode`, `store/corrupt`, or the engine's
 */
export async function openStore(
  engine: Engine,
  options: Protection & OpenOptions,
  release?: () => void,
): Promise<Store> {
  try {
    const codec = await openProtection(engine, options, options.crypto)
    return createStore({ engine, codec, onCorrupt: options.onCorrupt }, release)
  } catch (cause) {
    await engine.close()
    release?.()
    throw asHyphaeError(cause)
  }
}

/** `openStore` without the choice of plaintext: keys blinded, values sealed; see spec/store.md. */
export function encryptedStore(engine: Engine, options: Encryption & OpenOptions): Promise<Store> {
  return openStore(engine, options)
}
