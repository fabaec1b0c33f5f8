/**
 * XEdDSA: signatures by an X25519 key (its specification, section 3, in the variant of the Signal wire).
 *
 *   A = a·B           a = the clamped private key
 *   r = SHA-512(FE ‖ FF×31 ‖ a ‖ M ‖ Z) mod q       Z = 64 random bytes
 *   R = r·B,  h = SHA-512(R ‖ A ‖ M) mod q,  s = r + h·a mod q
 *   signature = R ‖ s, with A's sign bit in the top bit of s
 *
 * An X25519 public key has no sign, so the signature carries it: the verifier maps u to y = (u − 1)/(u + 1), takes
 * the sign, and then checks an Ed25519 signature, strictly. Knows no key format but the 32 bytes.
 */
import { concatBytes } from '@hyphae/core'
import {
  type CryptoProvider,
  isCanonicalX25519,
  isSmallOrderX25519,
  type X25519PrivateKey,
  zeroize,
} from '@hyphae/crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'

export const SIGNATURE_BYTES = 64
const KEY_BYTES = 32
const SIGN_BIT = 0x80
const { Point } = ed25519
const { Fp, Fn } = Point
/** hash1 of section 2.5: 2²⁵⁶ − 2, little-endian. */
const HASH_1: Uint8Array = new Uint8Array(KEY_BYTES).fill(0xff).fill(0xfe, 0, 1)

/** 64 bytes over `message`. Signing twice gives two signatures, both good. */
export function xeddsaSign(crypto: CryptoProvider, key: X25519PrivateKey, message: Uint8Array): Uint8Array {
  const secret = clamp(crypto.x25519.exportPrivateKey(key))
  const a = Fn.create(bytesToNumberLE(secret))
  const publicKey = Point.BASE.multiply(a).toBytes()
  const nonce = concatBytes(HASH_1, secret, message, crypto.randomBytes(64))
  const r = scalar(crypto, nonce)
  zeroize(secret, nonce)
  const R = Point.BASE.multiply(r).toBytes()
  const h = scalar(crypto, concatBytes(R, publicKey, message))
  const s = numberToBytesLE(Fn.add(r, Fn.mul(h, a)), KEY_BYTES)
  s[KEY_BYTES - 1] = (s[KEY_BYTES - 1] as number) | ((publicKey[KEY_BYTES - 1] as number) & SIGN_BIT)
  return concatBytes(R, s)
}

/** False for anything but a strict signature by the 32-byte X25519 key; never throws. */
export function xeddsaVerify(
  crypto: CryptoProvider,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  if (!isCanonicalX25519(publicKey) || isSmallOrderX25519(publicKey)) return false
  const plain = Uint8Array.from(signature)
  const top = plain[SIGNATURE_BYTES - 1] as number
  plain[SIGNATURE_BYTES - 1] = top & ~SIGN_BIT
  return crypto.ed25519.verify(edwardsKey(publicKey, top & SIGN_BIT), message, plain)
}

/** Section 2.3, with the sign given. u = −1 is of small order and never comes here. */
export function edwardsKey(montgomery: Uint8Array, sign: number): Uint8Array {
  const u = bytesToNumberLE(montgomery)
  const y = Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE)))
  const key = numberToBytesLE(y, KEY_BYTES)
  key[KEY_BYTES - 1] = (key[KEY_BYTES - 1] as number) | sign
  return key
}

function scalar(crypto: CryptoProvider, data: Uint8Array): bigint {
  return Fn.create(bytesToNumberLE(crypto.sha512(data)))
}

/** RFC 7748 section 5: on a copy of its own. */
function clamp(secret: Uint8Array): Uint8Array {
  secret[0] = (secret[0] as number) & 0xf8
  secret[KEY_BYTES - 1] = ((secret[KEY_BYTES - 1] as number) & 0x7f) | 0x40
  return secret
}
