/**
 * HKDF-SHA256, RFC 5869, over the provider's HMAC. Two HMACs cost a third of node:crypto's own HKDF call,
 * so both providers use this.
 *
 *   PRK  = HMAC(salt, IKM)
 *   T(i) = HMAC(PRK, T(i−1) ‖ info ‖ i),  OKM = first bytes of T(1) ‖ T(2) ‖ …
 */
import { requireAtMost } from './lengths.js'
import { KEY_LENGTH, MAX_HKDF_LENGTH } from './limits.js'
import type { CryptoProvider } from './provider.js'

type Hmac = Pick<CryptoProvider, 'hmacSha256'>

const ZERO_SALT = new Uint8Array(KEY_LENGTH)

/** Section 2.2. Returns the 32-byte pseudorandom key. An empty salt means 32 zero bytes. */
export function hkdfExtract(crypto: Hmac, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return crypto.hmacSha256(salt.length === 0 ? ZERO_SALT : salt, ikm)
}

/** Section 2.3. @throws CryptoError `crypto/bad-length` when `length` > 8160 */
export function hkdfExpand(crypto: Hmac, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  requireAtMost(length, MAX_HKDF_LENGTH, 'HKDF output')
  const output = new Uint8Array(length)
  const input = new Uint8Array(KEY_LENGTH + info.length + 1)
  input.set(info, KEY_LENGTH)
  input[input.length - 1] = 1
  let block = crypto.hmacSha256(prk, input.subarray(KEY_LENGTH))
  let offset = 0
  for (let counter = 2; offset + KEY_LENGTH < length; counter++) {
    output.set(block, offset)
    offset += KEY_LENGTH
    input.set(block)
    input[input.length - 1] = counter
    block = crypto.hmacSha256(prk, input)
  }
  for (let i = 0; offset + i < length; i++) output[offset + i] = block[i] as number
  input.fill(0)
  return output
}

/** Extract, then expand. @throws CryptoError `crypto/bad-length` */
export function hkdf(
  crypto: Hmac,
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  requireAtMost(length, MAX_HKDF_LENGTH, 'HKDF output')
  const prk = hkdfExtract(crypto, salt, ikm)
  const output = hkdfExpand(crypto, prk, info, length)
  prk.fill(0)
  return output
}
