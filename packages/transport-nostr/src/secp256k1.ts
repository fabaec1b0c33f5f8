/**
 * The curve of Nostr (BIP-340 Schnorr signatures, ECDH on x coordinates) as a port: portable through @noble/curves,
 * or through another audited library that an application brings. Knows no events.
 */
import { secp256k1 as curve, schnorr } from '@noble/curves/secp256k1.js'

const { Point } = curve

export interface Secp256k1 {
  /** The x coordinate of the public key, 32 bytes. @throws on a secret outside 1 … n − 1 */
  publicKey(secret: Uint8Array): Uint8Array
  /** BIP-340 over a 32-byte message; `auxiliary` is 32 random bytes. 64 bytes. */
  sign(message: Uint8Array, secret: Uint8Array, auxiliary: Uint8Array): Uint8Array
  /** BIP-340; false for anything that does not verify, also for a key that is no point. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  /** The x coordinate of secret × the point of even y at `publicKey`, 32 bytes, not hashed. @throws if there is none */
  sharedX(secret: Uint8Array, publicKey: Uint8Array): Uint8Array
}

const EVEN = 0x02

export const nobleSecp256k1: Secp256k1 = {
  publicKey: (secret) => schnorr.getPublicKey(secret),
  sign: (message, secret, auxiliary) => schnorr.sign(message, secret, auxiliary),
  verify: (signature, message, publicKey) => schnorr.verify(signature, message, publicKey),
  sharedX: (secret, publicKey) => {
    const point = new Uint8Array(33)
    point[0] = EVEN
    point.set(publicKey, 1)
    return Point.fromBytes(point).multiply(Point.Fn.fromBytes(secret)).toBytes().slice(1)
  },
}
