/**
 * The curve through libsecp256k1, as its builds for JavaScript hand it out: five to ten times as fast as portable code.
 *
 * Only what is public or what libsecp256k1 does in constant time goes through it. Its `tweak_mul` does not run in
 * constant time, so the ECDH stays with @noble/curves.
 */
import { nobleSecp256k1, type Secp256k1 } from './secp256k1.js'

/** The shape of `tiny-secp256k1`; nothing here imports it. */
export interface Libsecp256k1 {
  xOnlyPointFromScalar(secret: Uint8Array): Uint8Array
  signSchnorr(message: Uint8Array, secret: Uint8Array, auxiliary?: Uint8Array): Uint8Array
  verifySchnorr(message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean
}

/** For `createNostr`; the same verdicts as the portable curve. */
export function overLibsecp256k1(library: Libsecp256k1): Secp256k1 {
  return {
    publicKey: (secret) => library.xOnlyPointFromScalar(secret),
    sign: (message, secret, auxiliary) => library.signSchnorr(message, secret, auxiliary),
    verify: (signature, message, publicKey) => {
      try {
        return library.verifySchnorr(message, publicKey, signature)
      } catch {
        // It throws for what is no key or no signature.
        return false
      }
    },
    sharedX: nobleSecp256k1.sharedX,
  }
}
