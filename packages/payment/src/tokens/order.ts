/**
 * A payer's request to sign tokens against the credit of a channel (spec/payment.md section 6.2).
 *
 *     channel 32 | sequence u32 | key id 32 | count u8 | blinded 256 × count | signature 64
 *     signature = Ed25519(payer, "hyphae token order v1" ‖ 0 ‖ all that comes before)
 *
 * The sequence rises by one with each order, and the same order again is answered again without a charge: blind
 * signatures are deterministic, so an answer that was lost on the way costs nobody anything.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { finish, malformed, readerOf, sized, take, takeU8, takeU32, u8, u32 } from '../codec.js'
import { PaymentError } from '../errors.js'
import { ID_BYTES, MAX_BLINDED, RSA_BYTES, SIGNATURE_BYTES } from '../limits.js'

export interface TokenOrder {
  readonly channel: Uint8Array
  readonly sequence: number
  /** Of the issuer's current key. */
  readonly keyId: Uint8Array
  /** 1..64, 256 bytes each. */
  readonly blinded: readonly Uint8Array[]
  readonly signature: Uint8Array
}

const LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae token order v1\0')

export const MAX_ORDER_BYTES: number = 2 * ID_BYTES + 4 + 1 + MAX_BLINDED * RSA_BYTES + SIGNATURE_BYTES

type Unsigned = Omit<TokenOrder, 'signature'>

function unsignedBytes({ channel, sequence, keyId, blinded }: Unsigned): Uint8Array {
  if (blinded.length === 0 || blinded.length > MAX_BLINDED)
    throw malformed('bad-count', { count: blinded.length })
  return concatBytes(
    sized(channel, ID_BYTES, 'channel'),
    u32(sequence),
    sized(keyId, ID_BYTES, 'key id'),
    u8(blinded.length),
    ...blinded.map((one) => sized(one, RSA_BYTES, 'blinded')),
  )
}

export function signOrder(crypto: CryptoProvider, payerKey: Ed25519PrivateKey, order: Unsigned): TokenOrder {
  const signature = crypto.ed25519.sign(payerKey, concatBytes(LABEL, unsignedBytes(order)))
  return { ...order, signature }
}

export function encodeOrder(order: TokenOrder): Uint8Array {
  return concatBytes(unsignedBytes(order), sized(order.signature, SIGNATURE_BYTES, 'signature'))
}

/** Unverified; its fields are views. @throws PaymentError `payment/malformed` */
export function decodeOrder(bytes: Uint8Array): TokenOrder {
  if (bytes.length > MAX_ORDER_BYTES) throw malformed('too-long', { length: bytes.length })
  const reader = readerOf(bytes)
  const head = {
    channel: take(reader, ID_BYTES),
    sequence: takeU32(reader),
    keyId: take(reader, ID_BYTES),
  }
  const count = takeU8(reader)
  if (count === 0 || count > MAX_BLINDED) throw malformed('bad-count', { count })
  const blinded = Array.from({ length: count }, () => take(reader, RSA_BYTES))
  const order = { ...head, blinded, signature: take(reader, SIGNATURE_BYTES) }
  finish(reader)
  return order
}

/** SHA-256 of what was ordered, signature left out. @throws PaymentError `payment/bad-signature` */
export function verifiedDigest(crypto: CryptoProvider, order: TokenOrder, payer: Uint8Array): Uint8Array {
  const signed = concatBytes(LABEL, unsignedBytes(order))
  if (!crypto.ed25519.verify(payer, signed, order.signature)) throw new PaymentError('payment/bad-signature')
  return crypto.sha256(signed)
}
