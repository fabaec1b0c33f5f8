/** RSA of the issuer, in OpenSSL: key generation, raw private operation, verification. RFC 9474 sections 4.3, 4.5. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { equalBytes, plainBytes } from '@hyphae/core'
import { PaymentError } from '../errors.js'
import { RSA_BYTES } from '../limits.js'
import { SALT_BYTES } from './pss.js'

const generate = promisify(generateKeyPair)

export interface RsaKeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Big-endian. */
  readonly modulus: Uint8Array
}

function pairOf(privateKey: KeyObject): RsaKeyPair {
  const publicKey = createPublicKey(privateKey)
  const { n = '' } = publicKey.export({ format: 'jwk' })
  return { privateKey, publicKey, modulus: plainBytes(Buffer.from(n, 'base64url')) }
}

/** 2,048 bits, exponent 65537; takes some hundred milliseconds, off the main thread. */
export async function generateRsa(): Promise<RsaKeyPair> {
  const { privateKey } = await generate('rsa', { modulusLength: 8 * RSA_BYTES, publicExponent: 0x10001 })
  return pairOf(privateKey)
}

/** The public key of a big-endian modulus and the exponent 65537. */
export function rsaKeyOf(modulus: Uint8Array): KeyObject {
  const n = Buffer.from(modulus).toString('base64url')
  return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e: 'AQAB' } })
}

/** PKCS #8, DER: a secret. */
export function exportRsa({ privateKey }: RsaKeyPair): Uint8Array {
  return plainBytes(privateKey.export({ type: 'pkcs8', format: 'der' }))
}

export function importRsa(pkcs8: Uint8Array): RsaKeyPair {
  return pairOf(createPrivateKey({ key: Buffer.from(pkcs8), type: 'pkcs8', format: 'der' }))
}

/**
 * RFC 9474 section 4.3. The result is checked before it leaves: a faulty one would reveal the factors.
 * @throws PaymentError `payment/bad-blinded` unless 0 < blinded < n
 */
export function signBlinded({ privateKey, publicKey, modulus }: RsaKeyPair, blinded: Uint8Array): Uint8Array {
  const below = blinded.length === modulus.length && Buffer.compare(blinded, modulus) < 0
  if (!below || blinded.every((byte) => byte === 0)) throw new PaymentError('payment/bad-blinded')
  const padding = constants.RSA_NO_PADDING
  const signed = privateDecrypt({ key: privateKey, padding }, blinded)
  const back = publicEncrypt({ key: publicKey, padding }, signed)
  if (!equalBytes(back, blinded)) throw new PaymentError('payment/bad-blinded')
  return plainBytes(signed)
}

/** RSASSA-PSS, SHA-384, a salt of exactly 48 bytes. */
export function verifyNative(publicKey: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return verify('sha384', message, { key: publicKey, padding, saltLength: SALT_BYTES }, signature)
}
