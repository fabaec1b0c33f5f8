/**
 * What both providers check of an Ed25519 signature before the equation, RFC 8032 section 5.1.7 and
 * spec/crypto.md rules V1 to V4. After these checks the cofactorless equation R = [S]B − [k]A, compared as
 * encoded bytes, has one verdict in every implementation. Works on public bytes only; not constant time.
 */
import { hexConstant } from './curve-bytes.js'
import { KEY_LENGTH, SIGNATURE_LENGTH } from './limits.js'

/** p = 2^255 − 19, little-endian. */
const P: Uint8Array = hexConstant(`ed${'ff'.repeat(30)}7f`)

/** Order of the base point, L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
const L: Uint8Array = hexConstant('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** y-coordinates of the eight points whose order divides 8; sign bit apart, these are all their encodings. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(hexConstant)

/** a < b as little-endian numbers of 32 bytes; `mask` is applied to the top byte of a. */
function lessThan(a: Uint8Array, offset: number, b: Uint8Array, mask: number): boolean {
  for (let i = KEY_LENGTH - 1; i >= 0; i--) {
    const digit = (a[offset + i] as number) & (i === KEY_LENGTH - 1 ? mask : 0xff)
    const bound = b[i] as number
    if (digit !== bound) return digit < bound
  }
  return false
}

/** Rules V3 and V4: y < p, and not one of the points whose order divides 8. */
export function isAcceptableEd25519Key(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_LENGTH || !lessThan(publicKey, 0, P, 0x7f)) return false
  for (const y of SMALL_ORDER_Y) {
    let same = ((publicKey[31] as number) & 0x7f) === y[31]
    for (let i = 0; same && i < KEY_LENGTH - 1; i++) same = publicKey[i] === y[i]
    if (same) return false
  }
  return true
}

/** Rules V1 to V4: everything about a signature that needs no curve. */
export function passesStrictChecks(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_LENGTH) return false
  return lessThan(signature, KEY_LENGTH, L, 0xff) && isAcceptableEd25519Key(publicKey)
}
