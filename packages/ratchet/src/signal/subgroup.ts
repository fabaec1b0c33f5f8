/**
 * Whether an X25519 key is a multiple of the base point (RFC 7748 section 4.1; spec/signal.md, "Keys").
 *
 * Every key that somebody generated is one. A key plus a point of small order is another string that gives the same
 * secrets, because X25519 multiplies by 8: where a key names something and no MAC covers it, such a twin must be
 * refused.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { edwardsKey } from './xeddsa.js'

/** `publicKey` is 32 canonical bytes, not of small order. Costs about as much as a DH. */
export function isInSubgroup(publicKey: Uint8Array): boolean {
  try {
    return ed25519.Point.fromBytes(edwardsKey(publicKey, 0)).isTorsionFree()
  } catch {
    // Not on the curve: the key of nobody.
    return false
  }
}
