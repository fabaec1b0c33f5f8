/** Pauses between attempts to connect: doubling, with jitter, so that clients do not come back all at once. */
import { MAX_BACKOFF_MS, MIN_BACKOFF_MS } from './limits.js'

/** A number in [0, 1). */
export type Random = () => number

/** From the runtime's generator: jitter need not be secret, but must differ between clients. */
export const systemRandom: Random = () => {
  const word = globalThis.crypto.getRandomValues(new Uint32Array(1))[0] as number
  return word / 2 ** 32
}

/** Pause in ms after this many failures in a row (from 1): between half and all of the doubled pause. */
export function backoff(failures: number, random: Random): number {
  const full = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(failures - 1, 16))
  return Math.round(full * (0.5 + random() / 2))
}
