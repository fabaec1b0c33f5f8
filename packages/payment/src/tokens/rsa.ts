/**
 * RSA with a public key, on BigInt through @noble/curves' modular arithmetic: what a client needs of RFC 9474.
 *
 *   Blind     z = m · r^e mod n           Finalize  s = z^d · r⁻¹ mod n, then s^e = m is checked
 *
 * The exponent is 65537. Private operations are the issuer's and are not here: they run natively.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { invert, pow } from '@noble/curves/abstract/modular.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { PaymentError } from '../errors.js'
import { pssEncode, pssVerify, SALT_BYTES } from './pss.js'

const E = 65_537n

/** A modulus as a number, with its lengths. */
export interface RsaPublicKey {
  readonly n: bigint
  readonly bits: number
  readonly bytes: number
}

/** Big-endian. @throws PaymentError `payment/bad-issuer-key` when even, or its first bit is 0 */
export function rsaPublicKey(modulus: Uint8Array): RsaPublicKey {
  const first = modulus[0] ?? 0
  const last = modulus[modulus.length - 1] ?? 0
  // A modulus with its top bit set has a known length; an even one is no product of two odd primes.
  if (first < 0x80 || last % 2 === 0) throw new PaymentError('payment/bad-issuer-key')
  return { n: bytesToNumberBE(modulus), bits: modulus.length * 8, bytes: modulus.length }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** What the client keeps between blinding and finalizing. `inverse` links request and token: it stays secret. */
export interface Blinding {
  readonly message: Uint8Array
  readonly encoded: bigint
  readonly inverse: bigint
}

export interface Blinded {
  /** For the issuer: as long as the modulus. */
  readonly request: Uint8Array
  readonly blinding: Blinding
}

/** RFC 9474 section 4.2 with its random values given: for vectors. Null when `r` has no inverse. */
export function blindWith(
  key: RsaPublicKey,
  message: Uint8Array,
  random: { readonly salt: Uint8Array; readonly r: bigint },
): Blinded | null {
  const encoded = bytesToNumberBE(pssEncode(message, random.salt, key.bits))
  // A message that shares a factor with n would reveal it; finding one is finding the factors.
  if (gcd(encoded, key.n) !== 1n) throw new PaymentError('payment/bad-issuer-key')
  if (random.r <= 0n || random.r >= key.n || gcd(random.r, key.n) !== 1n) return null
  const request = (encoded * pow(random.r, E, key.n)) % key.n
  return {
    request: numberToBytesBE(request, key.bytes),
    blinding: { message, encoded, inverse: invert(random.r, key.n) },
  }
}

/** RFC 9474 section 4.2: a random salt and a random r below n, drawn until one has an inverse. */
export function blind(crypto: CryptoProvider, key: RsaPublicKey, message: Uint8Array): Blinded {
  const salt = crypto.randomBytes(SALT_BYTES)
  for (;;) {
    const r = bytesToNumberBE(crypto.randomBytes(key.bytes))
    const blinded = blindWith(key, message, { salt, r })
    if (blinded !== null) return blinded
  }
}

/**
 * RFC 9474 section 4.4. The signature, as long as the modulus.
 * @throws PaymentError `payment/bad-signature` when the issuer did not sign what it was asked to
 */
export function finalize(key: RsaPublicKey, blinding: Blinding, blindSignature: Uint8Array): Uint8Array {
  const z = blindSignature.length === key.bytes ? bytesToNumberBE(blindSignature) : key.n
  if (z >= key.n) throw new PaymentError('payment/bad-signature')
  const s = (z * blinding.inverse) % key.n
  if (pow(s, E, key.n) !== blinding.encoded) throw new PaymentError('payment/bad-signature')
  return numberToBytesBE(s, key.bytes)
}

/** RFC 8017 section 8.1.2. */
export function rsaVerify(key: RsaPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== key.bytes) return false
  const s = bytesToNumberBE(signature)
  if (s >= key.n) return false
  const length = Math.ceil((key.bits - 1) / 8)
  const encoded = pow(s, E, key.n)
  if (encoded >= 1n << BigInt(8 * length)) return false
  return pssVerify(message, numberToBytesBE(encoded, length), key.bits)
}
