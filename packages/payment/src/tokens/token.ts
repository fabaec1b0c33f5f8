/**
 * Tokens: RFC 9578 type 2, publicly verifiable, blind RSA over 2,048 bits (spec/payment.md section 6).
 *
 *     type u16 = 2 | nonce 32 | challenge digest 32 | key id 32 | signature 256         big-endian, as in the RFC
 *     challenge = type u16 | issuer name (u16 length) | redemption context (u8 length, empty) | origin (u16, empty)
 *
 * The signature covers everything before it. The nonce is 32 random bytes of the client, so the message is not
 * guessable and needs no further randomizing: RSABSSA-SHA384-PSS-Deterministic.
 */
import { concatBytes, equalBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { malformed, sized } from '../codec.js'
import { PaymentError } from '../errors.js'
import { ID_BYTES, MAX_ISSUER_NAME_BYTES, RSA_BYTES, TOKEN_BYTES } from '../limits.js'
import { type Blinding, blind, finalize, rsaPublicKey, rsaVerify } from './rsa.js'

const TYPE = /* @__PURE__ */ Uint8Array.of(0, 2)
const NONCE_AT = 2
const DIGEST_AT: number = NONCE_AT + ID_BYTES
const KEY_ID_AT: number = DIGEST_AT + ID_BYTES
const SIGNATURE_AT: number = KEY_ID_AT + ID_BYTES

/** An issuer as clients and relays see it: the key that signs, and the name its tokens are bound to. */
export interface IssuerKey {
  /** SHA-256 of the key's SPKI. */
  readonly id: Uint8Array
  /** Big-endian, 256 bytes; the exponent is 65537. */
  readonly modulus: Uint8Array
}

/** The SPKI of RFC 9578 section 6.5, RSASSA-PSS with SHA-384 and a salt of 48: constant up to the modulus. */
const SPKI_HEAD: Uint8Array = /* @__PURE__ */ Uint8Array.from([
  0x30, 0x82, 0x01, 0x52, 0x30, 0x3d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
  0x30, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0xa1, 0x1a,
  0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0b, 0x06, 0x09, 0x60,
  0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0xa2, 0x03, 0x02, 0x01, 0x30, 0x03, 0x82, 0x01, 0x0f, 0x00,
  0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
])
const SPKI_TAIL: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x02, 0x03, 0x01, 0x00, 0x01)

/** RFC 9578 section 6.5. @throws PaymentError `payment/bad-issuer-key` unless 256 bytes, odd, first bit 1 */
export function issuerKey(crypto: CryptoProvider, modulus: Uint8Array): IssuerKey {
  if (modulus.length !== RSA_BYTES) throw new PaymentError('payment/bad-issuer-key')
  rsaPublicKey(modulus)
  return { id: crypto.sha256(concatBytes(SPKI_HEAD, modulus, SPKI_TAIL)), modulus: modulus.slice() }
}

/** The name is the issuer's: tokens of another name do not verify. */
export function challengeDigest(crypto: CryptoProvider, issuerName: string): Uint8Array {
  const name = utf8(issuerName)
  if (name.length === 0 || name.length > MAX_ISSUER_NAME_BYTES) throw malformed('bad issuer name')
  const length = Uint8Array.of(name.length >>> 8, name.length)
  return crypto.sha256(concatBytes(TYPE, length, name, Uint8Array.of(0, 0, 0)))
}

export interface TokenParts {
  readonly nonce: Uint8Array
  readonly digest: Uint8Array
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
  /** What the signature covers. */
  readonly message: Uint8Array
}

/** Unverified; its fields are views. @throws PaymentError `payment/malformed` */
export function tokenParts(token: Uint8Array): TokenParts {
  sized(token, TOKEN_BYTES, 'token')
  if (token[0] !== TYPE[0] || token[1] !== TYPE[1]) throw malformed('bad token type')
  return {
    nonce: token.subarray(NONCE_AT, DIGEST_AT),
    digest: token.subarray(DIGEST_AT, KEY_ID_AT),
    keyId: token.subarray(KEY_ID_AT, SIGNATURE_AT),
    signature: token.subarray(SIGNATURE_AT),
    message: token.subarray(0, SIGNATURE_AT),
  }
}

/** A token that is being bought. Secret until it is spent: it links the purchase to the token. */
export interface PendingToken {
  readonly key: IssuerKey
  readonly blinding: Blinding
  /** For the issuer, 256 bytes. */
  readonly request: Uint8Array
}

/** @throws PaymentError `payment/bad-issuer-key`; CryptoError `crypto/rng-failed` */
export function requestToken(crypto: CryptoProvider, key: IssuerKey, issuerName: string): PendingToken {
  const message = concatBytes(TYPE, crypto.randomBytes(ID_BYTES), challengeDigest(crypto, issuerName), key.id)
  const { request, blinding } = blind(crypto, rsaPublicKey(key.modulus), message)
  return { key, blinding, request }
}

/** The token, 354 bytes. @throws PaymentError `payment/bad-signature` when the issuer cheated */
export function finishToken(pending: PendingToken, blindSignature: Uint8Array): Uint8Array {
  const { key, blinding } = pending
  return concatBytes(blinding.message, finalize(rsaPublicKey(key.modulus), blinding, blindSignature))
}

/** True when the token is of this key and name. Costs one public operation, whatever the signature holds. */
export function verifyToken(
  crypto: CryptoProvider,
  token: Uint8Array,
  key: IssuerKey,
  issuerName: string,
): boolean {
  const { keyId, digest, message, signature } = tokenParts(token)
  if (!equalBytes(keyId, key.id) || !equalBytes(digest, challengeDigest(crypto, issuerName))) return false
  return rsaVerify(rsaPublicKey(key.modulus), message, signature)
}
