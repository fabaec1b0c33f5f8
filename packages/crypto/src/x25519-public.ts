/**
 * Checks of X25519 public keys, RFC 7748 sections 5 and 6.1. X25519 itself accepts every 32-byte string and
 * ignores the top bit, so one point has several names; protocols that bind keys into transcripts accept only
 * the canonical one. Works on public bytes only.
 */
import { hexConstant } from './curve-bytes.js'
import { CryptoError } from './errors.js'
import { requireLength } from './lengths.js'
import { KEY_LENGTH } from './limits.js'

/** p = 2^255 − 19, little-endian. */
const P: Uint8Array = /* @__PURE__ */ hexConstant(`ed${'ff'.repeat(30)}7f`)

/**
 * Every 255-bit u that names a point of order 1, 2, 4 or 8 on the curve or its twist: 0, 1, the two of
 * order 8, p − 1, and the non-canonical p and p + 1. The shared secret with any of them is zero.
 */
const SMALL_ORDER_U: readonly Uint8Array[] = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(hexConstant)

/** The encoded u is below p = 2^255 − 19, with the top bit clear. False for a wrong length. */
export function isCanonicalX25519(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_LENGTH) return false
  let i = KEY_LENGTH - 1
  while (i > 0 && publicKey[i] === P[i]) i--
  return (publicKey[i] as number) < (P[i] as number)
}

/** True for every encoding, canonical or not, of a point of small order. */
export function isSmallOrderX25519(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_LENGTH) return false
  return SMALL_ORDER_U.some((u) => {
    for (let i = 0; i < KEY_LENGTH - 1; i++) if (publicKey[i] !== u[i]) return false
    return ((publicKey[31] as number) & 0x7f) === u[31]
  })
}

/** @throws CryptoError `crypto/bad-public-key` unless 32 bytes, canonical and not of small order */
export function assertX25519PublicKey(publicKey: Uint8Array): void {
  if (!isCanonicalX25519(publicKey)) {
    throw new CryptoError('crypto/bad-public-key', {
      details: { reason: 'not canonical', length: publicKey.length },
    })
  }
  if (isSmallOrderX25519(publicKey)) {
    throw new CryptoError('crypto/bad-public-key', { details: { reason: 'small order' } })
  }
}

/** The door of every DH. @throws CryptoError `crypto/bad-length`, `crypto/low-order-key` */
export function requireDhPublicKey(publicKey: Uint8Array): void {
  requireLength(publicKey, KEY_LENGTH, 'X25519 public key')
  if (isSmallOrderX25519(publicKey)) throw new CryptoError('crypto/low-order-key')
}
