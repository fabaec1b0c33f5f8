/** The generator of a provider: the one given, guarded, or the platform's, pooled. */
import { guardedRng, pooledRng, type Rng } from '../random.js'

export interface ProviderOptions {
  /** All randomness of the provider, keys included, comes from here; the platform's when left out. */
  readonly rng?: Rng
}

/** Over `crypto.getRandomValues`. */
export function platformRng(): Rng {
  return pooledRng((target) => {
    globalThis.crypto.getRandomValues(target)
  })
}

export function webRng({ rng }: ProviderOptions): Rng {
  return rng === undefined ? platformRng() : guardedRng(rng)
}
