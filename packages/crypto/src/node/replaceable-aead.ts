/**
 * A ChaCha20-Poly1305 that hands short messages to a faster engine when that has loaded. Knows no library. Loading
 * costs as much as thousands of messages, so it begins only when many have been asked for.
 */
import {
  AEAD_TAG_LENGTH,
  CALLS_BEFORE_LOADING,
  SODIUM_ASSOCIATED_BYTES,
  SODIUM_OPEN_BYTES,
  SODIUM_SEAL_BYTES,
} from '../limits.js'
import type { Aead } from '../provider.js'
import { replaceable } from './replaceable.js'

/** RFC 8439 without checks of lengths. */
export type ChachaEngine = Pick<Aead, 'seal' | 'open'>

export interface ReplaceableAead {
  readonly engine: ChachaEngine
  /** Loads now, if that has not begun. True when the faster engine serves from here on. */
  prepare(): Promise<boolean>
}

export function replaceableAead(
  first: ChachaEngine,
  load: () => Promise<ChachaEngine | null>,
): ReplaceableAead {
  const { current, prepare } = replaceable(first, load, CALLS_BEFORE_LOADING)
  const serving = (fits: boolean, ad: Uint8Array): ChachaEngine => {
    const short = current()
    return fits && ad.length <= SODIUM_ASSOCIATED_BYTES ? short : first
  }
  return {
    prepare,
    engine: {
      seal: (key, nonce, plaintext, ad) =>
        serving(plaintext.length <= SODIUM_SEAL_BYTES, ad).seal(key, nonce, plaintext, ad),
      open: (key, nonce, sealed, ad) =>
        serving(sealed.length <= SODIUM_OPEN_BYTES + AEAD_TAG_LENGTH, ad).open(key, nonce, sealed, ad),
    },
  }
}
