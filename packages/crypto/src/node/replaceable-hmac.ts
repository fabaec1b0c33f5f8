/** An HMAC-SHA256 that hands short inputs to a faster one when that has loaded. Knows no library. */
import { CALLS_BEFORE_LOADING, SODIUM_HMAC_BYTES, SODIUM_HMAC_KEY_BYTES } from '../limits.js'
import { replaceable } from './replaceable.js'

/** RFC 2104 over SHA-256: 32 bytes. */
export type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array

export interface ReplaceableHmac {
  readonly hmac: Hmac
  /** Loads now, if that has not begun. True when the faster one serves from here on. */
  prepare(): Promise<boolean>
}

export function replaceableHmac(first: Hmac, load: () => Promise<Hmac | null>): ReplaceableHmac {
  const { current, prepare } = replaceable(first, load, CALLS_BEFORE_LOADING)
  return {
    prepare,
    hmac: (key, data) => {
      const short = current()
      const fits = data.length <= SODIUM_HMAC_BYTES && key.length <= SODIUM_HMAC_KEY_BYTES
      return (fits ? short : first)(key, data)
    },
  }
}
